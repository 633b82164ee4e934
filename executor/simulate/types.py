"""What simulating takes and gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.catalogue.values import Media

MARK = "TEST"  # stands on every picture and frame
TEXT_MARK = "[TEST]"  # begins every text

Reader = Callable[[Media], bytes]


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A simulated file of a kind of media (`image`, `video`, `audio`, `model3d`)."""

    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Made:
    """A simulated answer, in the form of a provider's: its data as JSON, and its files in order."""

    data: Mapping[str, Any]
    files: Sequence[MadeFile] = ()


@dataclass(frozen=True, slots=True)
class MadePort:
    """What a port gives: a value in JSON, or the file that `made` holds; in as many lists as `depth`."""

    name: str
    kind: str
    depth: int
    value: Any = None
    made: Made | None = None


@dataclass(frozen=True)
class Job:
    """What is to be simulated: a model's task and values, by name.

    `title` is the model's name for people, `seed` follows from all that it is given, `read` gives
    the bytes of a file among the values.
    """

    task: str
    title: str
    values: Mapping[str, Any]
    seed: bytes
    read: Reader

    def files(self, *kinds: str) -> list[Media]:
        """Return the files of these kinds among the values: the one that is called so first."""
        found: list[tuple[bool, Media]] = []
        for name, value in self.values.items():
            items = value if isinstance(value, list | tuple) else [value]
            found += [
                (name not in kinds, item)
                for item in items
                if isinstance(item, Media) and item.kind in kinds
            ]
        return [media for _, media in sorted(found, key=lambda each: each[0])]

    def number(self, *names: str) -> float | None:
        """Return the first of these values that is a number, or a text that begins with one."""
        for name in names:
            found = number_in(self.values.get(name))
            if found is not None:
                return found
        return None

    def word(self, *names: str) -> str:
        """Return the first of these values that is a text, in small letters; else nothing."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, str) and value:
                return value.strip().lower()
        return ""

    def text(self, *names: str) -> str:
        """Return the first of these values that is a text, as it is."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, str) and value.strip():
                return value.strip()
        return ""


def number_in(value: object) -> float | None:
    """Return a number, or the one that a text holds: `5`, `5s`, `2x`, `x4`, `8 seconds`."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    digits = value.strip().lower().lstrip("x").rstrip("abcdefghijklmnopqrstuvwxyz% ")
    try:
        return float(digits)
    except ValueError:
        return None
