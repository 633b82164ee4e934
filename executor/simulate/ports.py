"""Simulated outputs of remote nodes that are no models: something of each declared kind."""

from collections.abc import Callable, Mapping
from typing import Any

from executor.simulate.films import films
from executor.simulate.pictures import masks, pictures
from executor.simulate.seeds import seed_of
from executor.simulate.shapes import shapes
from executor.simulate.sounds import speech
from executor.simulate.types import TEXT_MARK, Job, Made, MadePort, Reader
from workflows.catalogue.ports import Port, element_of, is_list, is_media

_MAKERS: Mapping[str, Callable[[Job], Made]] = {
    "image": pictures,
    "mask": masks,
    "video": films,
    "audio": speech,
    "model3d": shapes,
}
_SHORT = {
    "text": "This is simulated and not said by anybody.",
    "duration": 2,
}  # of films and sounds


def simulate_ports(
    title: str, ports: tuple[Port, ...], values: Mapping[str, Any], read: Reader
) -> list[MadePort]:
    """Return something for each declared output of a node that is called `title`."""
    found = []
    for port in ports:
        kind, depth = port.kind, 0
        while is_list(kind):
            kind, depth = element_of(kind), depth + 1
        seed = seed_of(f"{title}.{port.name}", values, read)
        job = Job("", title, {**values, **_SHORT}, seed, read)
        made = _MAKERS[kind](job) if is_media(kind) else None
        value = None if made is not None else _value_of(kind, job)
        found.append(MadePort(port.name, kind, depth, value, made))
    return found


def _value_of(kind: str, job: Job) -> Any:
    match kind:
        case "number":
            return job.seed[0] / 255
        case "integer":
            return job.seed[0]
        case "boolean":
            return True
        case "json":
            return {"simulated": True}
        case _:
            return f"{TEXT_MARK} A simulated text of {job.title}."
