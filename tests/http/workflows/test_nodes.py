"""`GET /nodes`, for everybody, and the same catalogue for the canvas."""

import pytest
from jsonschema import Draft202012Validator

from tests.http.problem import assert_problem
from workflows.selectors import get_catalogue


@pytest.fixture
def anyone(api):
    return api.with_key(None)


def test_all_node_types_are_listed_without_a_key_or_a_query(anyone, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = anyone.get("/nodes")

    page = response.json()
    types = [item["type"] for item in page["items"]]
    assert response.status_code == 200
    assert page["nextCursor"] is None
    assert types == sorted(get_catalogue().specs)
    assert {"input.text", "output", "text.case"} <= set(types)


def test_every_entry_has_the_shape_of_the_contract(anyone):
    for item in anyone.get("/nodes").json()["items"]:
        assert item["version"] >= 1
        assert item["title"]
        assert item["description"]
        assert item["category"]
        assert all({"name", "kind", "required", "many"} <= set(port) for port in item["inputs"])
        assert all({"name", "kind"} <= set(port) for port in item["outputs"])
        assert "price" in item
        Draft202012Validator.check_schema(item["params"])


def test_one_type_is_read_by_its_name(anyone):
    response = anyone.get("/nodes/text.case")

    node = response.json()
    assert response.status_code == 200
    assert node["type"] == "text.case"
    assert node["outputs"] == [{"name": "text", "kind": "text"}]
    assert node["params"]["properties"]["case"]["enum"] == ["upper", "lower", "title", "sentence"]


@pytest.mark.parametrize(
    "type_", ["text.magic", "text", "TEXT.CASE", "a" * 5_000, "%00", "__class__"]
)
def test_an_unknown_type_is_not_found(anyone, type_):
    assert_problem(anyone.get(f"/nodes/{type_}"), 404, "not_found")


@pytest.mark.parametrize("path", ["/nodes", "/nodes/output"])
def test_the_tag_is_the_catalogues_digest(anyone, path):
    etag = anyone.get(path).headers["ETag"]

    assert etag == f'"{get_catalogue().digest}"'
    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = anyone.get(path, If_None_Match=sent)
        assert response.status_code == 304
        assert response.content == b""
        assert response.headers["ETag"] == etag
    assert anyone.get(path, If_None_Match='"other"').status_code == 200


def test_a_bad_key_is_refused_here_too(api):
    assert_problem(api.with_key("sk-live-nonsense").get("/nodes"), 401, "unauthenticated")


def test_any_key_is_good_enough(api):
    assert api.get("/nodes").status_code == 200


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_the_catalogue_is_not_written(api, method):
    assert_problem(api.send(method, "/nodes"), 405, "method_not_allowed")


# --- the studio


def test_the_studio_serves_the_catalogue_to_people_who_signed_in(admin_client):
    response = admin_client.get("/api/studio/catalogue")
    again = admin_client.get(
        "/api/studio/catalogue", headers={"If-None-Match": response.headers["ETag"]}
    )

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["digest"] == get_catalogue().digest
    assert [node["type"] for node in response.json()["nodes"]] == sorted(get_catalogue().specs)
    assert again.status_code == 304
    assert again.content == b""


def test_the_studio_is_closed_to_others(client, db):
    assert_problem(client.get("/api/studio/catalogue"), 401, "unauthenticated")


def test_a_path_that_the_studio_lacks_is_a_problem(client, db):
    assert_problem(client.get("/api/studio/nothing"), 404, "not_found")
