"""`python -m executor.local`: the model server, until it is told to stop."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from executor.local.devices import find_device
from executor.local.jobs import Jobs
from executor.local.loading import Loader
from executor.local.pool import Pool
from executor.local.running import LocalStock, PipelineRunner
from executor.local.server import ModelServer
from executor.local.weights import Shelf

LOOPBACK = ("127.0.0.1", "::1", "localhost")
GIGABYTE = 1024**3


def main(arguments: Sequence[str]) -> int:
    """Serve; the exit status is 2 for wrong options."""
    options = read_options(arguments)
    key = options.key_file.read_text("utf-8").strip() if options.key_file else ""
    if not key and options.host not in LOOPBACK:
        sys.stderr.write("pixelflow: on a host other than loopback, --key-file is needed\n")
        return 2
    logging.basicConfig(level=logging.INFO)
    try:
        server, jobs = build_server(options, key)
    except ImportError as error:
        sys.stderr.write(f"pixelflow: {error.name} is missing: scripts/setup local\n")
        return 2
    jobs.start()
    try:
        web.run_app(server.app(), host=options.host, port=options.port, access_log=None)
    finally:
        jobs.close()
    return 0


def _stay_offline() -> None:
    """Have the libraries that load weights ask for nothing, whatever they think that they lack."""
    from huggingface_hub import constants  # noqa: PLC0415 - of the extra `local`

    constants.HF_HUB_OFFLINE = True


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    reader = argparse.ArgumentParser(prog="python -m executor.local", description=__doc__)
    reader.add_argument("--host", default="127.0.0.1")
    reader.add_argument("--port", type=int, default=8189)
    reader.add_argument(
        "--models", type=Path, help="folder of weights, as owner/name or owner--name"
    )
    reader.add_argument("--device", type=int, default=0, help="number of the accelerator")
    reader.add_argument(
        "--memory-gb", type=float, help="gigabytes of weights that may be resident at once"
    )
    reader.add_argument("--key-file", type=Path, help="file with the key that is asked for")
    reader.add_argument(
        "--download", action="store_true", help="fetch weights that are not here from Hugging Face"
    )
    return reader.parse_args(arguments)


def build_server(options: argparse.Namespace, key: str) -> tuple[ModelServer, Jobs]:
    """Return the server and its table of jobs, which is yet to be started.

    Raises:
        ImportError: the extra `local` is not installed.
    """
    if not options.download:
        _stay_offline()
    device = find_device(options.device)
    shelf = Shelf(options.models, may_download=options.download)
    loader = Loader(shelf, device)
    budget = int(options.memory_gb * GIGABYTE) if options.memory_gb else device.default_budget()
    pool = Pool(budget=budget, expect=loader.expect, load=loader.load, release=device.release)
    jobs = Jobs(PipelineRunner(pool))
    return ModelServer(jobs, LocalStock(shelf, pool, device), key), jobs


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
