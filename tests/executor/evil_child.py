"""A decoding child that was taken over: it works like ours until the name of a file wakes it up."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from executor.media import child

# Found before the walls go up, as native code would find them after.
LIBC = ctypes.CDLL(None)
FORK = LIBC.fork

_honest = child._normalise


def hang(request: dict[str, Any]) -> dict[str, Any]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def fork(request: dict[str, Any]) -> dict[str, Any]:
    """Leave two children of our own behind, their ids in the target, and hang with them."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pids = [pid for pid in (FORK(), FORK()) if pid]
    with Path(request["target_path"]).open("ab") as target:
        target.write(b"".join(b"%d\n" % pid for pid in [*pids, os.getpid()]))
    return hang(request)


def flood(request: dict[str, Any]) -> dict[str, Any]:
    with Path(request["target_path"]).open("wb") as target:
        while True:
            target.write(bytes(1 << 20))


def hoard(request: dict[str, Any]) -> dict[str, Any]:
    return {"kept": len(bytearray(3 << 30))}


def crash(request: dict[str, Any]) -> dict[str, Any]:
    os.abort()


def babble(request: dict[str, Any]) -> dict[str, Any]:
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 32_000)
        except OSError:
            continue
    return hang(request)


def smuggle(request: dict[str, Any]) -> dict[str, Any]:
    Path(request["target_path"]).write_bytes(b"<script>alert(1)</script>")
    return {"format": "png", "width": 1, "height": 1, "duration_s": None}


def misname(request: dict[str, Any]) -> dict[str, Any]:
    """Write a film where an image was asked for."""
    Path(request["target_path"]).write_bytes(b"\0\0\0\x18ftypisom")
    return {"format": "mp4", "width": 1, "height": 1, "duration_s": None}


def forge_id(request: dict[str, Any]) -> dict[str, Any]:
    request["id"] = "0" * 16
    return _honest(request)


def probe(request: dict[str, Any]) -> dict[str, Any]:
    """Try what a decoder must not do, and write down what came of it."""
    attempts: dict[str, Callable[[], object]] = {
        "connect": lambda: socket.create_connection(("127.0.0.1", 80), 1),
        "bind": lambda: socket.socket().bind(("127.0.0.1", 0)),
        "popen": lambda: subprocess.Popen(["/bin/true"]),
        "system": lambda: os.system("true"),
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "fork": os.fork,
        "write": lambda: Path("/tmp/evil").write_bytes(b""),
        "append": lambda: os.open("/tmp/evil", os.O_WRONLY | os.O_CREAT),
        "remove": lambda: Path(request["source_path"]).unlink(),
        "dlopen": lambda: ctypes.CDLL(None),
    }
    outcome: dict[str, object] = {name: _outcome(attempt) for name, attempt in attempts.items()}
    outcome["no_new_privileges"] = "NoNewPrivs:\t1" in Path("/proc/self/status").read_text()
    outcome["env"] = sorted(os.environ)
    outcome["interfaces"] = sorted(name for _, name in socket.if_nameindex())
    Path(request["target_path"]).write_bytes(json.dumps(outcome).encode())
    return {"format": "text", "width": None, "height": None, "duration_s": None}


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except PermissionError:
        return "refused"
    except OSError as error:
        return type(error).__name__
    return "done"


BEHAVIOURS = {
    function.__name__: function
    for function in (*(hang, fork, flood, hoard, crash, babble, smuggle, misname, forge_id, probe),)
}


def _normalise(request: dict[str, Any]) -> dict[str, Any]:
    return BEHAVIOURS.get(Path(request["source_path"]).stem, _honest)(request)


if __name__ == "__main__":
    child._normalise = _normalise
    child.main()
