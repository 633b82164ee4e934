"""The tools themselves: locked versions, contracts that cover every app, docs that are current."""

import configparser
import os
import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

from scripts import settings_docs

ROOT = Path(__file__).resolve().parent.parent.parent


def read_project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def name_of(requirement):
    """`channels-redis>=4.3` and `channels_redis==4.3.0` are one package."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_page_of_settings_is_current():
    assert settings_docs.PAGE.read_text("utf-8") == settings_docs.render()


def test_every_requirement_is_locked_to_one_version():
    project = read_project()
    extras = project["optional-dependencies"].values()
    wanted = {name_of(line) for extra in [project["dependencies"], *extras] for line in extra}

    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]

    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin) for pin in pins)
    assert wanted <= {name_of(pin) for pin in pins}


def test_every_app_stands_in_the_order_of_apps():
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter", "utf-8")
    apps = {app for app in settings.INSTALLED_APPS if (ROOT / app / "apps.py").exists()}

    for section, key in (
        ("importlinter", "root_packages"),
        ("importlinter:contract:apps", "layers"),
    ):
        assert set(contracts[section][key].split()) == apps


def test_every_app_has_a_door():
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter", "utf-8")
    layers = contracts["importlinter:contract:apps"]["layers"].split()

    protected = {
        contracts[section]["protected_modules"].removesuffix(".*")
        for section in contracts.sections()
        if contracts[section].get("type") == "protected"
    }

    # The site is imported by nobody and common is open to all.
    assert protected == set(layers) - {"pixelflow_site", "common"}


def test_pre_commit_runs_every_check_of_ci():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    hooked = {
        name for entry in re.findall(r"entry: scripts/check (.+)", hooks) for name in entry.split()
    }

    checks = set(
        re.findall(r"^check_(\w+)\(\)", (ROOT / "scripts/check").read_text(), re.MULTILINE)
    )

    assert hooked == checks


@pytest.mark.parametrize(
    "script", [path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix]
)
def test_every_script_runs_from_anywhere_and_stops_at_an_error(script):
    text = script.read_text("utf-8")

    assert os.access(script, os.X_OK)
    assert text.startswith("#!/usr/bin/env bash\n# ")
    assert "\nset -euo pipefail\n" in text
    assert '"$(dirname "${BASH_SOURCE[0]}")/' in text
