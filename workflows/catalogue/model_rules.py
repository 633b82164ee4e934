"""Rules over several parameters of a model: a small closed list, checked before anything is sent."""

from collections.abc import Iterable, Mapping
from math import prod
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Names = Annotated[tuple[str, ...], Field(min_length=1, max_length=10)]


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Requires(_Rule):
    """Where `param` is set (to one of `values`, if given), all of `needs` must be."""

    kind: Literal["requires"]
    param: str
    needs: Names
    values: tuple[Any, ...] | None = None

    def problem(self, given: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the parameter and what is wrong with it."""
        if not _is_meant(given.get(self.param), self.values):
            return None
        missing = [name for name in self.needs if given.get(name) in (None, [], "")]
        return (missing[0], f"{self.param} needs {missing[0]}.") if missing else None


class Excludes(_Rule):
    """Where `param` is set (to one of `values`, if given), none of `others` may be."""

    kind: Literal["excludes"]
    param: str
    others: Names
    values: tuple[Any, ...] | None = None

    def problem(self, given: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the parameter and what is wrong with it."""
        if not _is_meant(given.get(self.param), self.values):
            return None
        there = [name for name in self.others if given.get(name) not in (None, [], "", False)]
        return (there[0], f"{there[0]} does not go with {self.param}.") if there else None


class MaxProduct(_Rule):
    """The numbers multiplied are at most `maximum` (and at least `minimum`)."""

    kind: Literal["max_product"]
    params: Names
    maximum: float
    minimum: float = 0

    def problem(self, given: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the parameter and what is wrong with it."""
        numbers = list(_numbers(given.get(name) for name in self.params))
        if len(numbers) < len(self.params):
            return None
        if self.minimum <= prod(numbers) <= self.maximum:
            return None
        names = " × ".join(self.params)
        return self.params[0], f"{names} must be within {self.minimum:g} and {self.maximum:g}."


class MaxRatio(_Rule):
    """The larger of two numbers is at most `maximum` times the smaller."""

    kind: Literal["max_ratio"]
    params: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)]
    maximum: float = Field(ge=1)

    def problem(self, given: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the parameter and what is wrong with it."""
        numbers = list(_numbers(given.get(name) for name in self.params))
        if len(numbers) < len(self.params) or max(numbers) <= self.maximum * min(numbers):
            return None
        first, second = self.params
        return first, f"Of {first} and {second} one is at most {self.maximum:g} times the other."


class MultipleOf(_Rule):
    """Each number is a multiple of `of`."""

    kind: Literal["multiple_of"]
    params: Names
    of: int = Field(ge=1)

    def problem(self, given: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the parameter and what is wrong with it."""
        for name in self.params:
            for number in _numbers([given.get(name)]):
                if number % self.of:
                    return name, f"{name} must be a multiple of {self.of}."
        return None


class OneOfSizes(_Rule):
    """Two numbers are together one of the `sizes`."""

    kind: Literal["one_of_sizes"]
    params: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)]
    sizes: Annotated[tuple[tuple[int, int], ...], Field(min_length=1, max_length=60)]

    def problem(self, given: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the parameter and what is wrong with it."""
        width, height = (given.get(name) for name in self.params)
        if width is None or height is None or (width, height) in self.sizes:
            return None
        shown = ", ".join(f"{wide}×{high}" for wide, high in self.sizes)
        return self.params[0], f"The size must be one of {shown}."


Rule = Annotated[
    Requires | Excludes | MaxProduct | MaxRatio | MultipleOf | OneOfSizes,
    Field(discriminator="kind"),
]


def names_in(rule: Rule) -> set[str]:
    """Return the parameters and inputs that a rule speaks of."""
    match rule:
        case Requires():
            return {rule.param, *rule.needs}
        case Excludes():
            return {rule.param, *rule.others}
        case _:
            return set(rule.params)


def _is_meant(value: Any, values: tuple[Any, ...] | None) -> bool:
    if values is not None:
        return value in values
    return value not in (None, [], "", False)


def _numbers(values: Iterable[Any]) -> Iterable[float]:
    return (
        value for value in values if isinstance(value, int | float) and not isinstance(value, bool)
    )
