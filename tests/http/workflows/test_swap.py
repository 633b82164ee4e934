"""`POST /api/studio/graphs/swap-model`."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from accounts.api import SYSTEM_ACTOR
from tests.executor.simulated import document_of, write_models
from tests.graphs import graph
from tests.http.problem import assert_problem
from workflows.services.models import add_model

PATH = "/api/studio/graphs/swap-model"


@pytest.fixture
def browser(owner, staff_catalogue) -> Client:
    write_models("text-to-image")
    add_model(actor=SYSTEM_ACTOR, document=document_of("text-to-image", key="other"))
    client = Client()
    client.force_login(get_user_model().objects.get(pk=owner.id))
    return client


def body(**changes: Any) -> dict[str, Any]:
    document = graph({"draw": ("model.test-text-to-image", {"prompt": "a boat"})}, [])
    return {"graph": document, "nodeId": "draw", "model": "other", **changes}


def post(client: Client, value: Any, **more: Any) -> Any:
    return client.post(PATH, json.dumps(value), content_type="application/json", **more)


def test_a_graph_comes_back_with_the_other_model(browser):
    answer = post(browser, body())

    assert answer.status_code == 200
    assert answer.json()["graph"]["nodes"][0]["type"] == "model.other"
    assert answer.json()["dropped"] == []


def test_what_had_to_go_is_told(browser):
    given = body()
    given["graph"]["nodes"][0]["params"]["foo"] = 1

    dropped = post(browser, given).json()["dropped"]

    assert [(each["kind"], each["name"]) for each in dropped] == [("param", "foo")]


@pytest.mark.parametrize(
    ("changes", "path"), [({"model": "nobody"}, "/model"), ({"nodeId": "nobody"}, "/nodeId")]
)
def test_what_is_not_there_is_named(browser, changes, path):
    answer = post(browser, body(**changes))

    assert_problem(answer, 422, "invalid_inputs")
    items = [(item["path"], item["code"]) for item in answer.json()["errors"]]
    assert items == [(path, "not_found")]


@pytest.mark.parametrize("value", [[], "x", {}, {"graph": {}}, {**body(), "more": 1}])
def test_a_body_that_is_none_is_refused(browser, value):
    assert post(browser, value).status_code == 422


def test_a_graph_that_is_malformed_is_refused(browser):
    assert_problem(post(browser, body(graph={"nodes": 1})), 422, "invalid_graph")


def test_without_a_session_nothing_is_swapped(db):
    assert_problem(post(Client(), body()), 401, "unauthenticated")


def test_without_a_token_of_the_page_nothing_is_swapped(browser, owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.get(pk=owner.id))

    assert post(client, body()).status_code == 403
