"""Installations whose nodes behave badly, on either database."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.durability.processes import Platform

BAD = {"EXTRA_NODES": "tests.durability.plugin_nodes"}


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty SQLite installation, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    Platform(folder, BAD).manage("migrate", "--verbosity", "0")
    return folder


@pytest.fixture
def make_platform(tmp_path: Path, migrated: Path) -> Iterator[Callable[..., Platform]]:
    """Makes installations on SQLite with these settings; ends what they started."""
    made: list[Platform] = []

    def make(**env: str) -> Platform:
        folder = tmp_path / f"platform{len(made)}"
        shutil.copytree(migrated, folder)
        platform = Platform(folder, {**BAD, **env})
        made.append(platform)
        return platform

    yield make
    for platform in made:
        platform.close()
