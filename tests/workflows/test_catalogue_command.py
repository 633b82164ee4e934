"""`manage.py catalogue`, and the catalogue's digest."""

import json

import pytest
from django.core.management import CommandError, call_command

from workflows.catalogue import lock
from workflows.catalogue.load import build_catalogue
from workflows.catalogue.nodes import ALL_NODES
from workflows.management.commands import catalogue as command
from workflows.selectors import get_catalogue


@pytest.fixture
def lock_path(tmp_path, monkeypatch):
    path = tmp_path / "lock.json"
    monkeypatch.setattr(lock, "LOCK_PATH", path)
    monkeypatch.setattr(command, "LOCK_PATH", path)
    return path


def test_a_written_lock_file_passes_the_check(lock_path, capsys):
    call_command("catalogue", "--write")
    call_command("catalogue", "--check")

    assert set(json.loads(lock_path.read_text())["nodes"]) == set(get_catalogue().specs)
    assert get_catalogue().digest[:12] in capsys.readouterr().out


@pytest.mark.parametrize("text", [None, "", "{}"])
def test_a_stale_lock_file_fails_the_check(lock_path, text):
    if text is not None:
        lock_path.write_text(text)

    with pytest.raises(CommandError, match=r"lock\.json"):
        call_command("catalogue", "--check")


def test_one_of_the_two_must_be_asked_for():
    with pytest.raises(CommandError):
        call_command("catalogue")


def test_the_digest_follows_the_public_shape():
    assert build_catalogue().digest == get_catalogue().digest
    assert build_catalogue(ALL_NODES[1:]).digest != get_catalogue().digest


def test_the_catalogue_is_built_once():
    assert get_catalogue() is get_catalogue()
