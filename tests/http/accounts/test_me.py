"""`GET /me`, and with it what every keyed endpoint does with its key."""

import pytest
from django.test import Client

from accounts.models import User
from tests.client import ApiClient
from tests.factories import make_key

ME = "/api/v1/me"


@pytest.mark.parametrize("path", ["/me", "/me/"])
def test_a_key_is_told_what_it_is_good_for(workspace, path):
    key = make_key(workspace, scopes=["usage", "execute"], mode="test")

    response = ApiClient(key.secret).get(path)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {
        "workspace": {"id": workspace.id, "name": "Studio", "plan": "free"},
        "key": {"id": key.id, "name": "Test key"},
        "scopes": ["execute", "usage"],
        "mode": "test",
    }


def test_the_answer_never_holds_the_secret(api, key):
    assert key not in api.get("/me").content.decode()


def test_keys_of_two_workspaces_see_their_own(api, workspace, stranger_key, stranger_workspace):
    ours = api.get("/me").json()
    theirs = api.with_key(stranger_key).get("/me").json()

    assert ours["workspace"]["id"] == workspace.id
    assert theirs["workspace"]["id"] == stranger_workspace.id


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer {key},Bearer {key}",
        "Bearer {key} {key}",
        "Bearer sk-live-" + "A" * 46,
        "Bearer sk-" + "A" * 48,
        "Bearer " + "x" * 10_000,
        "Bearer sk-live-\u00e9\u00e9",
    ],
)
def test_K1_K2_a_bad_header_is_a_401_without_a_query(key, header, django_assert_num_queries):
    headers = {} if header is None else {"Authorization": header.replace("{key}", key)}

    with django_assert_num_queries(0):
        response = Client().get(ME, headers=headers)

    problem = response.json()
    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert problem["code"] == "unauthenticated"
    assert problem["requestId"] == response.headers["X-Request-Id"]
    assert problem["error"] == problem["detail"]
    assert key not in response.content.decode()


def test_K1_the_scheme_is_read_in_lower_case_too(key):
    assert Client().get(ME, headers={"Authorization": f"bearer {key}"}).status_code == 200


@pytest.mark.parametrize("name", ["key", "api_key", "access_token", "token", "Authorization"])
def test_K6_a_key_anywhere_but_in_the_header_opens_nothing(key, name):
    client = Client()
    client.cookies[name] = key

    in_query = client.get(ME, {name: key})
    in_bearer_query = client.get(ME, {name: f"Bearer {key}"})
    in_body = client.generic("GET", ME, f'{{"{name}": "{key}"}}', "application/json")
    in_header = client.get(ME, headers={"X-Api-Key": key})

    statuses = {r.status_code for r in (in_query, in_bearer_query, in_body, in_header)}
    assert statuses == {401}


def test_a_signed_in_browser_is_no_key(owner, workspace):
    client = Client()
    client.force_login(User.objects.get(pk=owner.id))

    assert client.get(ME).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_other_methods_are_refused_with_the_ones_that_exist(api, method):
    response = api.send(method, "/me")

    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/nothing", "/me/nothing", "/../v2/me"])
def test_unmatched_paths_are_problems_too(api, method, path):
    response = api.send(method, path)

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"
