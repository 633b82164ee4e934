"""The start page, the documentation and the health checks."""

import json

import pytest
from django.test import Client

from common.http.problem import TITLES
from executor.api import FAILURES


@pytest.mark.parametrize("path", ["/", "/docs/api", "/docs/nodes", "/docs/models", "/docs/errors"])
def test_a_page_answers_without_a_session(db, path) -> None:
    assert Client().get(path).status_code == 200


def test_every_problem_type_has_its_place_on_the_error_page(db) -> None:
    page = Client().get("/docs/errors").content.decode()

    assert all(f'id="{code}"' in page for code in TITLES)
    assert all(f'id="failure-{code}"' in page for code in FAILURES)


def test_healthz_needs_nothing() -> None:
    response = Client().get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


def test_readyz_says_what_is_there(db) -> None:
    response = Client().get("/readyz")

    assert response.status_code == 200
    assert json.loads(response.content) == {
        "ready": True,
        "database": True,
        "storage": True,
        "cache": True,
    }


def test_X26_readyz_is_503_when_media_cannot_be_written(db, settings, tmp_path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder should be")
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(blocked / "media")},
        },
    }

    response = Client().get("/readyz")

    assert response.status_code == 503
    assert json.loads(response.content)["storage"] is False
