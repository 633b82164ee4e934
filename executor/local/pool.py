"""Which pipelines are resident: as many as fit into a budget, the least recently used one leaves."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from executor.local.types import Recipe


@dataclass(frozen=True, slots=True)
class Resident:
    """A loaded pipeline and how many bytes its weights take."""

    recipe: Recipe
    pipeline: Any
    size: int


class Pool:
    """The residents of one device, used by its worker's thread alone.

    `expect` says how large a recipe will be, `load` loads it, `release` gives memory back after
    some have left. One that is larger than the whole budget is loaded alone.
    """

    def __init__(
        self,
        *,
        budget: int,
        expect: Callable[[Recipe], int],
        load: Callable[[Recipe], Resident],
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self.budget = budget
        self._expect, self._load, self._release = expect, load, release
        self._residents: OrderedDict[str, Resident] = OrderedDict()

    def take(self, recipe: Recipe) -> Any:
        """Return a pipeline, loaded first if it is not here.

        Raises:
            LocalError: it cannot be loaded.
        """
        known = self._residents.get(recipe.key)
        if known is not None:
            self._residents.move_to_end(recipe.key)
            return known.pipeline
        self._make_room(self._expect(recipe))
        resident = self._load(recipe)
        self._residents[recipe.key] = resident
        self._make_room(0, but=recipe.key)
        return resident.pipeline

    def drop_all(self) -> None:
        """Let everything go."""
        self._residents.clear()
        self._release()

    def has(self, recipe: Recipe) -> bool:
        """Say whether a recipe is resident."""
        return recipe.key in self._residents

    @property
    def used(self) -> int:
        """Bytes of weights that are resident."""
        return sum(each.size for each in tuple(self._residents.values()))

    def list_residents(self) -> list[Resident]:
        """Return who is here, the least recently used one first."""
        return list(self._residents.values())

    def _make_room(self, size: int, but: str = "") -> None:
        leavers = [key for key in self._residents if key != but]
        has_left = False
        while leavers and self.used + size > self.budget:
            del self._residents[leavers.pop(0)]
            has_left = True
        if has_left:
            self._release()
