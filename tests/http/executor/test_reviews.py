"""`/reviews` and the page behind a review's link."""

import json

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from tests.client import ApiClient
from tests.executor.runs import accept, perform_all, publish
from tests.factories import make_key
from tests.graphs import graph
from tests.http.problem import assert_problem

ASK = graph(
    {
        "in": ("input.text", {"name": "text"}),
        "ask": ("review.approve", {"title": "Fine?", "message": "Look <b>well</b>"}),
        "out": ("output", {"name": "text"}),
    },
    ["in.value -> ask.value", "ask.value -> out.value"],
)
UNKNOWN = "rev_" + "0" * 26


@pytest.fixture
def execution(workspace):
    """A run that waits for a person."""
    made = accept(workspace, publish(workspace, ASK), {"text": "<i>hi</i>"})
    perform_all()
    return made.execution_id


@pytest.fixture
def review(api, execution) -> str:
    """The question's id."""
    nodes = api.get(f"/workflows/executions/{execution}/poll").json()["nodes"]
    return str(next(node["reviews"][0]["reviewId"] for node in nodes if node["status"] == "PAUSED"))


@pytest.fixture
def page(api, review) -> str:
    """The path of the page."""
    url = str(api.post(f"/reviews/{review}/link", {}).json()["url"])
    return url[url.index("/review/") :]


def test_a_decision_by_the_api_lets_the_run_go_on(api, execution, review) -> None:
    response = api.post(f"/reviews/{review}/decide", {"approved": True, "comment": "Good"})

    assert response.status_code == 200
    shown = response.json()
    assert shown["status"] == "DECIDED"
    assert shown["decision"]["approved"] is True
    assert shown["decision"]["decidedVia"] == "api"
    assert shown["decision"]["decidedBy"].startswith("key_")
    perform_all()
    assert api.get(f"/workflows/executions/{execution}/poll").json()["status"] == "COMPLETED"


def assert_documented(answer, schema: str) -> None:
    """The answer is what the OpenAPI document says."""
    document = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))
    root = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    Draft202012Validator(root).validate(answer)


def test_what_is_asked_is_shown_as_it_is_documented(api, execution, review) -> None:
    asked = api.get(f"/reviews/{review}").json()
    poll = api.get(f"/workflows/executions/{execution}/poll").json()
    api.post(f"/reviews/{review}/decide", {})

    assert_documented(asked, "Review")
    assert_documented(poll, "ExecutionState")
    assert_documented(api.get("/reviews").json(), "ReviewPage")
    assert next(node for node in poll["nodes"] if "reviews" in node)["reviews"] == [
        {name: asked[name] for name in poll_fields(poll)}
    ]


def poll_fields(poll) -> list[str]:
    """What a run's node shows of a question."""
    return list(next(node["reviews"][0] for node in poll["nodes"] if "reviews" in node))


def test_a_second_decision_is_a_conflict(api, review) -> None:
    api.post(f"/reviews/{review}/decide", {"approved": False})

    assert_problem(api.post(f"/reviews/{review}/decide", {}), 409, "conflict")


def test_a_choice_where_none_was_asked_is_refused_with_its_path(api, review) -> None:
    response = api.post(f"/reviews/{review}/decide", {"picked": [0]})

    assert_problem(response, 422, "invalid_inputs")
    assert response.json()["errors"][0]["path"] == "/picked"


def test_the_list_is_narrowed_by_status_and_run(api, execution, review) -> None:
    assert [item["reviewId"] for item in api.get("/reviews?status=OPEN").json()["items"]] == [
        review
    ]
    assert api.get("/reviews?status=DECIDED").json()["items"] == []
    assert len(api.get(f"/reviews?executionId={execution}").json()["items"]) == 1
    assert_problem(api.get("/reviews?status=open"), 400, "malformed_request")
    assert_problem(api.get("/reviews?executionId=x"), 400, "malformed_request")


def test_a_stranger_finds_nothing(stranger_key, review) -> None:
    stranger = ApiClient(stranger_key)

    for response in (
        stranger.get(f"/reviews/{review}"),
        stranger.post(f"/reviews/{review}/decide", {}),
        stranger.post(f"/reviews/{review}/link", {}),
        stranger.get(f"/reviews/{UNKNOWN}"),
    ):
        assert_problem(response, 404, "not_found")
    assert stranger.get("/reviews").json()["items"] == []


def test_a_key_that_only_reads_may_look_but_not_decide(workspace, review) -> None:
    reader = ApiClient(make_key(workspace, scopes=("read",)).secret)

    assert reader.get(f"/reviews/{review}").status_code == 200
    assert_problem(reader.post(f"/reviews/{review}/decide", {}), 403, "insufficient_scope")
    assert_problem(reader.post(f"/reviews/{review}/link", {}), 403, "insufficient_scope")
    assert "/review/" not in json.dumps(reader.get(f"/reviews/{review}").json())


def test_looking_at_the_page_decides_nothing(api, page, review) -> None:
    browser = Client()

    shown = browser.get(page)

    assert shown.status_code == 200
    assert "&lt;i&gt;hi" in shown.content.decode()
    assert "<b>well</b>" not in shown.content.decode()
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert api.get(f"/reviews/{review}").json()["status"] == "OPEN"


def test_the_form_decides_once_and_says_so(api, page, review) -> None:
    browser = Client()

    done = browser.post(page, {"answer": "approve", "comment": "Nice"}, follow=True)

    assert "this was approved" in done.content.decode()
    assert api.get(f"/reviews/{review}").json()["decision"]["decidedVia"] == "link"
    assert browser.post(page, {"answer": "reject"}).status_code == 409


def test_a_form_from_another_site_is_refused(page) -> None:
    assert Client(enforce_csrf_checks=True).post(page, {"answer": "approve"}).status_code == 403


def test_a_forged_or_renewed_link_shows_nothing(api, page, review) -> None:
    browser = Client()

    assert browser.get(page[:-1] + ("A" if page[-1] != "A" else "B")).status_code == 404
    api.post(f"/reviews/{review}/link", {"renew": True})
    assert browser.get(page).status_code == 404
