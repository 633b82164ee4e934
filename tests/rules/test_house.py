"""Rules of the house that no linter knows."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("common", "accounts", "billing", "workflows", "executor", "templates_gallery")
FOLDERS = (*APPS, "pixelflow_site", "tests", "benchmarks", "scripts")

MAX_LINES = 600


def list_modules(*folders):
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py")]


def names_imported(path):
    """Yield each imported name in full: `django.conf.settings` for `from django.conf import settings`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers_of(name, *folders):
    return {
        str(path.relative_to(ROOT))
        for path in list_modules(*folders)
        for imported in names_imported(path)
        if imported == name or imported.startswith(f"{name}.")
    }


def test_no_module_is_longer_than_the_limit():
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in list_modules(*FOLDERS)}

    assert [path for path, length in lengths.items() if length > MAX_LINES] == []


def test_settings_are_read_by_conf_modules_alone():
    # Django writes the swappable user's settings into migrations by itself.
    readers = importers_of("django.conf.settings", *APPS)

    assert {
        path for path in readers if not path.endswith("/conf.py") and "/migrations/" not in path
    } == set()


def test_the_environment_is_read_by_the_settings_alone():
    readers = {
        str(path.relative_to(ROOT))
        for path in list_modules(*APPS)
        if "management" not in path.parts  # a command may hand it on to a process of its own
        and "os.environ" in path.read_text("utf-8").replace("getenv", "os.environ")
    }

    assert readers == set()


@pytest.mark.parametrize("part", ["pages", "sign_in"])
def test_every_setting_of_a_part_reaches_django(part):
    module = import_module(f"pixelflow_site.settings.{part}")
    base = import_module("pixelflow_site.settings.base")

    declared = {name for name in vars(module) if name.isupper() and not name.startswith("_")}

    imported_for_use = {"NONCE", "NONE", "SELF"}  # django-csp's words
    assert {name for name in declared - imported_for_use if not hasattr(base, name)} == set()


@pytest.mark.parametrize("name", ["django.http", "django.shortcuts", "django.views"])
def test_requests_and_responses_stay_at_the_entrances(name):
    entrances = ("/http/", "/urls.py", "/admin.py", "/admin/", "/consumers.py")

    importers = importers_of(name, *APPS)

    assert {path for path in importers if not any(part in path for part in entrances)} == set()


def test_no_import_is_deferred_by_the_future_annotations():
    assert importers_of("__future__.annotations", *FOLDERS) == set()
