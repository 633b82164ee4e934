"""Residents under a budget."""

import pytest

from executor.local.pool import Pool, Resident
from executor.local.types import ModelMissing, Recipe

SIZES = {"small": 30, "middle": 50, "large": 200}


class Shop:
    """Loads nothing, and notes what it was asked for."""

    def __init__(self, budget):
        self.loaded, self.releases = [], 0
        self.pool = Pool(budget=budget, expect=self.expect, load=self.load, release=self.release)

    def expect(self, recipe):
        return SIZES[recipe.model.partition("-")[0]]

    def load(self, recipe):
        if recipe.model.endswith("-broken"):
            raise ModelMissing
        self.loaded.append(recipe.model)
        return Resident(recipe, f"pipeline of {recipe.model}", self.expect(recipe))

    def release(self):
        self.releases += 1

    def take(self, *models):
        return [self.pool.take(Recipe("Pipeline", model)) for model in models]

    @property
    def here(self):
        return [each.recipe.model for each in self.pool.list_residents()]


def test_a_resident_is_not_loaded_again():
    shop = Shop(budget=100)

    taken = shop.take("small-1", "small-1")

    assert taken == ["pipeline of small-1"] * 2
    assert shop.loaded == ["small-1"]


def test_the_least_recently_used_leaves_when_the_budget_is_full():
    shop = Shop(budget=100)

    shop.take("small-1", "small-2", "small-1", "middle-1")

    assert shop.here == ["small-1", "middle-1"]
    assert shop.pool.used == 80
    assert shop.releases == 1


def test_one_larger_than_the_budget_is_loaded_alone():
    shop = Shop(budget=100)

    shop.take("small-1", "large-1")

    assert shop.here == ["large-1"]


def test_one_that_cannot_be_loaded_is_no_resident():
    shop = Shop(budget=100)

    with pytest.raises(ModelMissing):
        shop.take("small-broken")

    assert shop.here == []


def test_recipes_that_load_other_things_are_other_residents():
    shop = Shop(budget=100)

    shop.pool.take(Recipe("Pipeline", "small-1", {"base": "a"}))
    shop.pool.take(Recipe("Pipeline", "small-1", {"base": "b"}))

    assert len(shop.here) == 2


def test_everything_can_be_dropped():
    shop = Shop(budget=100)
    shop.take("small-1", "small-2")

    shop.pool.drop_all()

    assert (shop.here, shop.pool.used, shop.releases) == ([], 0, 1)
