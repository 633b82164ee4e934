"""`manage.py catalogue`, and the catalogue's digest."""

import json

import pytest
from django.core.management import CommandError, call_command

from tests.workflows.model_documents import document
from workflows.catalogue.load import build_catalogue
from workflows.catalogue.model_files import list_file_problems
from workflows.catalogue.nodes import ALL_NODES
from workflows.selectors import get_catalogue


def test_a_written_lock_file_passes_the_check(tmp_path, capsys):
    path = tmp_path / "lock.json"

    call_command("catalogue", "--write", path=path)
    call_command("catalogue", "--check", path=path)

    shape, catalogue = json.loads(path.read_text()), get_catalogue()
    types = {*shape["nodes"], *(f"model.{key}" for key in shape["models"])}
    assert types == set(catalogue.specs)
    assert set(shape["models"]) == set(catalogue.models)
    assert get_catalogue().digest[:12] in capsys.readouterr().out


@pytest.mark.parametrize("text", [None, "", "{}"])
def test_a_stale_lock_file_fails_the_check(tmp_path, text):
    path = tmp_path / "lock.json"
    if text is not None:
        path.write_text(text)

    with pytest.raises(CommandError, match=r"lock\.json"):
        call_command("catalogue", "--check", path=path)


def test_one_of_the_two_must_be_asked_for():
    with pytest.raises(CommandError):
        call_command("catalogue")


def test_the_digest_follows_the_public_shape():
    assert build_catalogue().digest == get_catalogue().digest
    assert build_catalogue(ALL_NODES[1:]).digest != get_catalogue().digest


def test_the_catalogue_is_built_once():
    assert get_catalogue() is get_catalogue()


def test_model_files_are_checked_each_with_file_and_line(tmp_path):
    good, bad = tmp_path / "house-painter.toml", tmp_path / "bad.toml"
    twin, lost = tmp_path / "twin.toml", tmp_path / "lost.toml"
    good.write_text(document())
    twin.write_text(document())
    bad.write_text(document(('"fal"', '"foul"'), ('"replicate"', '"replicat"')))
    lost.write_text(document(("expected_s", 'replaced_by = "nobody"\nexpected_s'), key="lost"))

    folder = tmp_path.name
    assert list_file_problems([good, bad, twin, lost]) == [
        f"{folder}/bad.toml: line 33, routes.0.provider: There is no provider foul.",
        f"{folder}/bad.toml: line 38, routes.1.provider: There is no provider replicat.",
        f"{folder}/twin.toml: The file of house-painter has its name.",
        f"{folder}/twin.toml: There are two files of house-painter.",
        "lost: There is no model nobody.",
    ]
