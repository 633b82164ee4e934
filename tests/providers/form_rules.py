"""Rules for the text parts of forms, and for the names of their files."""

from collections.abc import Callable, Iterable

from tests.providers.base import FakeProvider, Seen


def digits(least: int, most: int) -> Callable[[str], bool]:
    """Return the rule that a text is a whole number within bounds."""
    return lambda given: given.lstrip("-").isdigit() and least <= int(given) <= most


def decimal(least: float, most: float) -> Callable[[str], bool]:
    """Return the rule that a text is a number within bounds."""

    def is_good(given: str) -> bool:
        try:
            return least <= float(given) <= most
        except ValueError:
            return False

    return is_good


def expect_files(
    fake: FakeProvider, seen: Seen, required: Iterable[str], optional: Iterable[str] = ()
) -> None:
    """End the request as invalid unless it has files of exactly these names, with content."""
    named = [part.name for part in seen.form if part.filename is not None]
    fake.require(set(required) <= set(named), f"one of the files {sorted(required)} lacks")
    fake.require(set(named) <= {*required, *optional}, f"unknown files among {named}")
    good = all(part.content for part in seen.form if part.name in required)
    fake.require(good, "a file is empty")
