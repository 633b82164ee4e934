"""Doing a job: take its pipeline, call it, and once more with nothing else in memory if that lacks."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from executor.local.arguments import (
    IP_SCALE,
    arguments_of,
    check_names,
    fps_of,
    names_of,
    new_seed,
)
from executor.local.devices import Device, is_out_of_memory
from executor.local.files_out import results_of
from executor.local.loading import Loaded, pipeline_class
from executor.local.pool import Pool
from executor.local.steps import Steps, follow
from executor.local.types import Job, OutOfMemory, Recipe, Result, WrongOrder
from executor.local.weights import Shelf

MAX_WORDS = 200  # characters of a pipeline's own words that are passed on


class PipelineRunner:
    """Does jobs with pipelines of diffusers on one device. `executor.local.jobs.Runner`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def has(self, recipe: Recipe) -> bool:
        """Say whether a recipe is resident."""
        return self._pool.has(recipe)

    def run(self, job: Job) -> Sequence[Result]:
        """Do a job.

        Raises:
            LocalError: it cannot be done, or nobody wants it any more (`Cancelled`).
        """
        order = job.order
        check_names(order, *map(names_of, _classes_of(order.recipe)))
        job.seed = new_seed() if order.seed is None else order.seed
        results = self._attempted(job)
        if results is None:
            self._pool.drop_all()
            results = self._attempted(job)
        if results is None:
            self._pool.drop_all()
            raise OutOfMemory
        return results

    def _attempted(self, job: Job) -> Sequence[Result] | None:
        """Return the results; None if there was too little memory.

        Nothing of the error is kept: its frames hold what is to be given back.
        """
        try:
            return self._results(job, self._pool.take(job.order.recipe))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _results(self, job: Job, loaded: Loaded) -> Sequence[Result]:
        started = time.perf_counter()
        try:
            output = _called(job, loaded)
        finally:
            job.gpu_seconds = time.perf_counter() - started
        return results_of(loaded.pipeline, output, job.order, fps_of(job.order))


class LocalStock:
    """What this machine has. `executor.local.server.Stock`."""

    def __init__(self, shelf: Shelf, pool: Pool, device: Device) -> None:
        self._shelf, self._pool, self._device = shelf, pool, device

    def list_models(self) -> list[str]:
        """Return the repositories whose weights are here."""
        return self._shelf.list_here()

    def find_missing(self, recipe: Recipe) -> str | None:
        """Return a repository that is not here and may not be fetched; None if there is none."""
        if self._shelf.may_download:
            return None
        names = recipe.repositories()
        return next((name for name in names if self._shelf.find(name) is None), None)

    def describe(self) -> Mapping[str, Any]:
        """Return device, memory and residents as JSON; sizes are bytes."""
        return {
            "device": {"name": self._device.name, "title": self._device.title},
            "memory": {"total": self._device.memory, "free": self._device.free_memory()},
            "budget": self._pool.budget,
            "resident": [
                {"model": each.recipe.model, "pipeline": each.recipe.pipeline, "bytes": each.size}
                for each in self._pool.list_residents()
            ],
        }


def _classes_of(recipe: Recipe) -> list[Any]:
    names = [recipe.pipeline, recipe.load.get("prior")]
    return [pipeline_class(name) for name in names if name]


def _called(job: Job, loaded: Loaded) -> Any:
    """Call a pipeline, and before it the one that it goes on from, if there is one.

    Raises:
        WrongOrder: the pipeline does not take these values.
    """
    import torch  # noqa: PLC0415 - of the extra `local`

    steps, seed = Steps(job), job.seed or 0
    follow(loaded.pipeline, steps)
    arguments = arguments_of(loaded.pipeline, job.order, steps, seed)
    if IP_SCALE in job.order.inputs:
        loaded.pipeline.set_ip_adapter_scale(job.order.inputs[IP_SCALE])
    try:
        with torch.inference_mode():
            if loaded.prior is not None:
                arguments = _with_prior(job, loaded, arguments, seed)
            return loaded.pipeline(**arguments)
    except (ValueError, TypeError) as error:  # what diffusers' own checks raise
        raise WrongOrder(_words_of(error)) from error


def _with_prior(job: Job, loaded: Loaded, arguments: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return arguments in which what the prior made of them stands in place of what it took."""
    steps = Steps(job)
    follow(loaded.prior, steps)
    taken = arguments_of(loaded.prior, job.order, steps, seed)
    made = dict(loaded.prior(**taken))
    return (
        {name: value for name, value in arguments.items() if name not in taken}
        | made
        | {name: arguments[name] for name in ("generator", "output_type") if name in arguments}
    )


def _words_of(error: Exception) -> str:
    words = " ".join(str(error).split())
    return words[:MAX_WORDS] or "The model does not take these values."
