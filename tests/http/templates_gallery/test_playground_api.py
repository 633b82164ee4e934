"""`/api/studio/playground/`: starting runs by hand, as the public API starts them, and no other way."""

import threading
from typing import Any

import pytest
from django.db import connection

from accounts.api import SYSTEM_ACTOR, Role
from billing.api import get_balance
from billing.models import LedgerEntry
from executor.models import Execution, File
from templates_gallery.models import OutputRating, SharedRun, TemplateCopy, TemplateRun
from templates_gallery.types import Example
from tests.client import ApiClient
from tests.executor import priced_nodes
from tests.factories import (
    AMPLE_LIMITS,
    ample,
    make_graph,
    make_key,
    make_member,
    make_published_workflow,
    make_workflow,
    make_workspace,
    run_all,
)
from tests.graphs import graph
from tests.http.playing import ASSET, BASE, SHOUT, SHRINK, Browser, list_templates, template
from tests.http.problem import assert_problem, items_of
from workflows.api import delete_workflow, publish_workflow
from workflows.selectors.catalogue import get_catalogue

COSTLY = graph(
    {
        "in": ("input.text", {"name": "text"}),
        "first": "p.fixed",
        "last": ("p.costly", {"effort": "high", "copies": 2}),
        "out": ("output", {"name": "text"}),
    },
    ["in.value -> first.text", "first.text -> last.text", "last.text -> out.value"],
)


@pytest.fixture(autouse=True)
def _listed(db):
    list_templates()


@pytest.fixture
def browser(owner):
    return Browser(owner)


@pytest.fixture
def _costly(settings):
    settings.EXTRA_NODES = [priced_nodes.__name__]
    get_catalogue.cache_clear()
    yield
    settings.EXTRA_NODES = []
    get_catalogue.cache_clear()


def alike(problem: dict[str, Any]) -> dict[str, Any]:
    """A problem without what differs between any two calls."""
    return {**problem, "instance": "", "requestId": ""}


# --- templates


def test_a_template_runs_in_a_hidden_copy_and_is_counted(browser, workspace):
    answer = browser.start(workspace, template=SHOUT, inputs={"text": "hello"})
    run_all()

    accepted = answer.json()
    run = browser.get(f"/runs/{accepted['executionId']}", workspace=workspace.id).json()
    row = Execution.objects.of(workspace.id).get()
    noted = TemplateRun.objects.of(workspace.id).get()
    assert answer.status_code == 202
    assert run["outputs"] == {"text": "HELLO"}
    assert (row.trigger, row.mode, row.key_id) == ("playground", "live", None)
    assert (noted.execution_id, noted.mode) == (row.pk, "live")
    assert TemplateCopy.objects.of(workspace.id).get().is_trial


def test_the_answer_is_the_public_apis_with_where_to_follow(browser, workspace, key):
    accepted = browser.start(workspace, template=SHOUT, inputs={"text": "hello"}).json()

    flow = accepted["workflowId"]
    public = ApiClient(key).post(f"/workflows/{flow}/execute", {"inputs": {"text": "hello"}}).json()
    assert set(accepted) == {*public, "eventsUrl", "mode"}
    assert accepted["pollUrl"].endswith(f"/runs/{accepted['executionId']}?workspace={workspace.id}")
    assert accepted["eventsUrl"] == f"/ws/executions/{accepted['executionId']}"


def test_a_file_of_an_example_becomes_one_of_the_runners_workspace_once(browser, workspace):
    first, second = (
        browser.start(workspace, template=SHRINK, inputs={"photo": {"asset": ASSET}})
        for _ in range(2)
    )
    run_all()

    run = browser.get(f"/runs/{second.json()['executionId']}", workspace=workspace.id).json()
    given = [row.inputs["photo"] for row in Execution.objects.of(workspace.id)]
    assert run["outputs"]["picture"]["width"] == 64
    assert first.status_code == second.status_code == 202
    assert given[0] == given[1]
    assert File.objects.of(workspace.id).filter(execution_id=None).count() == 1


@pytest.mark.parametrize(
    "name",
    [
        "../services/library.py",
        "_assets/../_assets/coffee.jpg",
        "/etc/passwd",
        "_assets/bottle.jpg",  # there, and no file of this template
        "_assets/%2e%2e/coffee.jpg",
        "_assets/coffee.jpg\x00.png".replace("\x00", "%00"),
        "",
    ],
)
def test_v6_an_asset_is_one_of_the_templates_own_examples(browser, workspace, name):
    answer = browser.start(workspace, template=SHRINK, inputs={"photo": {"asset": name}})

    problem = assert_problem(answer, 422, "invalid_inputs")
    assert items_of(problem) == [("/inputs/photo", "not_found")]
    assert not File.objects.of(workspace.id).exists()


def test_an_asset_of_a_template_is_nothing_to_another_workflow(browser, workspace, workflow):
    answer = browser.start(workspace, workflowId=workflow.id, inputs={"text": {"asset": ASSET}})

    assert assert_problem(answer, 422, "invalid_inputs")


def test_a_template_that_nobody_listed_is_not_found(browser, workspace):
    answer = browser.start(workspace, template="nobody-made-this", inputs={})

    assert_problem(answer, 404, "not_found")


@pytest.mark.parametrize("body", [{}, {"template": SHOUT, "workflowId": "wf_x"}])
def test_a_run_is_of_one_thing(browser, workspace, body):
    assert_problem(browser.start(workspace, **body), 422, "invalid_inputs")


# --- refusals are those of the public API


def test_wrong_inputs_are_told_as_by_the_public_api(browser, workspace, workflow, key):
    wrong = {"inputs": {"text": 7, "colour": "red"}}

    ours = browser.start(workspace, workflowId=workflow.id, **wrong)

    public = ApiClient(key).post(f"/workflows/{workflow.id}/execute", wrong)
    assert alike(assert_problem(ours, 422, "invalid_inputs")) == alike(public.json())


@pytest.mark.usefixtures("_costly")
def test_402_says_what_each_node_costs_as_by_the_public_api(owner, browser):
    poor = make_workspace(owner=owner, credits=3)
    flow = make_published_workflow(poor, graph=COSTLY).id
    body = {"inputs": {"text": "hello"}}

    ours = browser.start(poor, workflowId=flow, **body)

    public = ApiClient(make_key(poor).secret).post(f"/workflows/{flow}/execute", body)
    problem = assert_problem(ours, 402, "insufficient_credits")
    assert alike(problem) == alike(public.json())
    assert (problem["required"], problem["balance"], problem["shortfall"]) == (19, 3, 16)
    assert [node["credits"] for node in problem["nodes"]] == [5, 14]


@pytest.mark.usefixtures("_costly")
def test_max_credits_are_a_limit(browser, workspace):
    flow = make_published_workflow(workspace, graph=COSTLY).id

    answer = browser.start(workspace, workflowId=flow, inputs={"text": "a"}, maxCredits=18)

    assert_problem(answer, 402, "over_max_credits")


@pytest.mark.usefixtures("_costly")
def test_test_mode_holds_nothing(owner, browser):
    poor = make_workspace(owner=owner, credits=3)
    flow = make_published_workflow(poor, graph=COSTLY).id
    before = LedgerEntry.objects.of(poor.id).count()

    answer = browser.start(poor, workflowId=flow, inputs={"text": "hello"}, mode="test")
    run_all()

    run = browser.get(f"/runs/{answer.json()['executionId']}", workspace=poor.id).json()
    assert answer.json()["estimatedCredits"] == 0
    assert run["status"] == "COMPLETED"
    assert get_balance(poor.id).available == 3
    assert LedgerEntry.objects.of(poor.id).count() == before


def test_429_of_the_plans_window_says_when_to_come_back(owner, browser):
    busy = ample(make_workspace(owner=owner), {**AMPLE_LIMITS, "requestsPerMinute": 2})

    first, second, third = (
        browser.start(busy, template=SHOUT, inputs={"text": "a"}) for _ in range(3)
    )

    problem = assert_problem(third, 429, "rate_limited")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.headers["X-RateLimit-Remaining"] == "1"
    assert (problem["limit"], problem["window"]) == (2, "minute")
    assert third.headers["Retry-After"] == str(problem["retryAfter"])
    assert third.headers["X-RateLimit-Limit"] == "2"
    assert browser.get("/runs", workspace=busy.id, template=SHOUT).status_code == 200


def test_429_of_the_runs_of_a_minute_is_that_of_the_public_api(owner, browser):
    busy = ample(make_workspace(owner=owner), {**AMPLE_LIMITS, "executionsPerMinute": 1})
    flow = make_published_workflow(busy).id
    body = {"inputs": {"text": "a"}}
    browser.start(busy, workflowId=flow, **body)

    ours = browser.start(busy, workflowId=flow, **body)

    public = ApiClient(make_key(busy).secret).post(f"/workflows/{flow}/execute", body)
    problem = assert_problem(ours, 429, "rate_limited")
    assert {**alike(problem), "retryAfter": 0} == {**alike(public.json()), "retryAfter": 0}


def test_409_of_a_workflow_without_a_version(browser, workspace):
    draft = make_workflow(workspace)

    answer = browser.start(workspace, workflowId=draft.id, inputs={"text": "a"})

    assert_problem(answer, 409, "not_published")


@pytest.mark.parametrize("raw", [b"{", b'{"a":1,"a":2}', b"[]", b'{"workspace":NaN}'])
def test_a_body_that_cannot_be_read_is_refused(browser, raw):
    answer = browser.post("/runs", raw)

    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"


# --- who may


@pytest.mark.parametrize("path", ["/runs", "/estimate"])
def test_visitors_and_viewers_start_nothing(workspace, workflow, path):
    body = {"workspace": workspace.id, "workflowId": workflow.id, "inputs": {"text": "a"}}

    visitor = Browser().post(path, body)
    viewer = Browser(make_member(workspace, role=Role.VIEWER)).post(path, body)
    tokenless = Browser(make_member(workspace), with_token=False).post(path, body)

    assert_problem(visitor, 401, "unauthenticated")
    assert_problem(viewer, 403, "forbidden")
    assert tokenless.status_code == 403
    assert not Execution.objects.of(workspace.id).exists()


def test_a_runner_who_may_not_edit_tries_templates(workspace):
    runner = Browser(make_member(workspace, role=Role.RUNNER))

    answer = runner.start(workspace, template=SHOUT, inputs={"text": "a"})

    assert answer.status_code == 202


@pytest.mark.parametrize("path", ["/runs", "/estimate"])
def test_t1_a_strangers_workflow_looks_as_one_that_nobody_has(
    stranger, stranger_workspace, workspace, workflow, path
):
    browser = Browser(stranger)
    here = {"workspace": stranger_workspace.id, "inputs": {"text": "a"}}

    theirs = browser.post(path, {**here, "workflowId": workflow.id})
    nobodys = browser.post(path, {**here, "workflowId": "wf_" + "0" * 26})
    outside = browser.post(path, {**here, "workspace": workspace.id, "workflowId": workflow.id})

    assert alike(assert_problem(theirs, 404, "not_found")) == alike(nobodys.json())
    assert_problem(outside, 404, "not_found")
    assert not Execution.objects.of(workspace.id).exists()


def test_t1_a_strangers_file_looks_as_one_that_nobody_has(
    browser, workspace, stranger_workspace, stranger
):
    browser_of_stranger = Browser(stranger)
    browser_of_stranger.start(
        stranger_workspace, template=SHRINK, inputs={"photo": {"asset": ASSET}}
    )
    theirs = File.objects.of(stranger_workspace.id).get().pk

    answers = [
        browser.start(workspace, template=SHRINK, inputs={"photo": {"fileId": file_id}})
        for file_id in (theirs, "file_" + "0" * 26)
    ]

    assert alike(assert_problem(answers[0], 422, "invalid_inputs")) == alike(answers[1].json())


def test_t4_the_workspace_is_the_one_that_is_named(owner, browser, workspace):
    other = make_workspace(owner=owner, name="Other")

    browser.start(other, template=SHOUT, inputs={"text": "a"})
    browser.start(workspace, template=SHOUT, inputs={"text": "b"})

    assert Execution.objects.of(other.id).count() == 1
    assert Execution.objects.of(workspace.id).count() == 1


# --- once


def test_a_request_with_a_key_is_done_once(browser, workspace):
    body = {"workspace": workspace.id, "template": SHOUT, "inputs": {"text": "a"}}

    first, second = (browser.post("/runs", body, Idempotency_Key="abc") for _ in range(2))
    other = browser.post("/runs", {**body, "inputs": {"text": "b"}}, Idempotency_Key="abc")

    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Execution.objects.of(workspace.id).count() == 1
    assert_problem(other, 422, "idempotency_key_reused")


def test_a_key_of_one_person_is_not_that_of_another(workspace):
    body = {"workspace": workspace.id, "template": SHOUT, "inputs": {"text": "a"}}

    for _ in range(2):
        Browser(make_member(workspace)).post("/runs", body, Idempotency_Key="abc")

    assert Execution.objects.of(workspace.id).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_trial_and_one_run(owner, workspace):
    body = {"workspace": workspace.id, "template": SHOUT, "inputs": {"text": "a"}}
    browsers = [Browser(owner) for _ in range(4)]
    ready, answers = threading.Barrier(len(browsers)), []

    def click(browser):
        try:
            ready.wait(10)
            answers.append(browser.post("/runs", body, Idempotency_Key="twice"))
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert Execution.objects.of(workspace.id).count() == 1
    assert TemplateCopy.objects.of(workspace.id).count() == 1
    assert TemplateRun.objects.of(workspace.id).count() == 1


# --- estimates


@pytest.mark.usefixtures("_costly")
def test_an_estimate_is_the_public_apis(browser, workspace, key):
    flow = make_published_workflow(workspace, graph=COSTLY).id
    body = {"inputs": {"text": "hello"}}

    ours = browser.post("/estimate", {"workspace": workspace.id, "workflowId": flow, **body})

    public = ApiClient(key).post(f"/workflows/{flow}/estimate", body)
    assert ours.json() == public.json()
    assert ours.json()["maxCredits"] == 19


@pytest.mark.usefixtures("_costly")
def test_g_34_a_template_costs_what_was_estimated(browser, workspace):
    example = Example("A word", {"text": "hello"}, None, is_simulated=False)
    list_templates(template("costly-one", COSTLY, example))
    body = {"template": "costly-one", "inputs": {"text": "hello"}}
    before = get_balance(workspace.id).available

    estimate = browser.post("/estimate", {"workspace": workspace.id, **body}).json()
    browser.start(workspace, **body)
    run_all()

    assert estimate["maxCredits"] == before - get_balance(workspace.id).available == 19


def test_nothing_costs_anything_in_test_mode(browser, workspace, workflow):
    body = {"workspace": workspace.id, "workflowId": workflow.id, "mode": "test"}

    assert browser.post("/estimate", body).json()["maxCredits"] == 0


# --- what came of it


def test_the_last_runs_of_a_template_come_newest_first_with_their_values(browser, workspace):
    ids = [
        browser.start(workspace, template=SHOUT, inputs={"text": text}).json()["executionId"]
        for text in ("one", "two")
    ]
    run_all()
    browser.post(f"/runs/{ids[0]}/rating", {"workspace": workspace.id, "isGood": False})
    shared = browser.post(f"/runs/{ids[0]}/share", {"workspace": workspace.id}).json()

    items = browser.get("/runs", workspace=workspace.id, template=SHOUT).json()["items"]

    assert [item["executionId"] for item in items] == ids[::-1]
    assert [item["inputs"] for item in items] == [{"text": "two"}, {"text": "one"}]
    assert [item["outputs"] for item in items] == [{"text": "TWO"}, {"text": "ONE"}]
    assert [item["rating"] for item in items] == [None, False]
    assert [item["shareUrl"] for item in items] == [None, shared["url"]]


def test_a_workflows_runs_are_its_own(browser, workspace, workflow):
    browser.start(workspace, template=SHOUT, inputs={"text": "one"})
    mine = browser.start(workspace, workflowId=workflow.id, inputs={"text": "a"}).json()

    items = browser.get("/runs", workspace=workspace.id, workflowId=workflow.id).json()["items"]

    assert [item["executionId"] for item in items] == [mine["executionId"]]


def test_t1_runs_of_strangers_are_in_no_list(
    browser, workspace, stranger, stranger_workspace, workflow
):
    Browser(stranger).start(stranger_workspace, template=SHOUT, inputs={"text": "secret"})

    mine = browser.get("/runs", workspace=workspace.id, template=SHOUT).json()
    theirs = browser.get("/runs", workspace=stranger_workspace.id, template=SHOUT)
    other = Browser(stranger).get("/runs", workspace=stranger_workspace.id, workflowId=workflow.id)

    assert mine == {"items": []}
    assert_problem(theirs, 404, "not_found")
    assert_problem(other, 404, "not_found")


def test_a_result_is_rated_by_each_once_and_taken_back(browser, owner, workspace, finished_id):
    for is_good in (True, False):
        answer = browser.post(
            f"/runs/{finished_id}/rating", {"workspace": workspace.id, "isGood": is_good}
        )
        assert answer.status_code == 204
    assert [row.is_good for row in OutputRating.objects.of(workspace.id)] == [False]

    browser.post(f"/runs/{finished_id}/rating", {"workspace": workspace.id, "isGood": None})

    assert not OutputRating.objects.of(workspace.id).exists()


def test_only_a_completed_run_is_shared(browser, workspace, execution_id):
    answer = browser.post(f"/runs/{execution_id}/share", {"workspace": workspace.id})

    assert_problem(answer, 409, "conflict")
    assert not SharedRun.objects.of(workspace.id).exists()


def test_what_is_shared_keeps_its_link_until_it_is_taken_back(browser, workspace, finished_id):
    here = {"workspace": workspace.id}

    first, second = (browser.post(f"/runs/{finished_id}/share", here).json() for _ in range(2))
    taken = browser.delete(f"/runs/{finished_id}/share?workspace={workspace.id}")
    third = browser.post(f"/runs/{finished_id}/share", here).json()

    assert first == second
    assert taken.status_code == 204
    assert third["url"] != first["url"]


def test_t7_a_workflow_that_was_deleted_runs_no_more(browser, workspace, workflow):
    delete_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace.id, workflow_id=workflow.id)

    answer = browser.start(workspace, workflowId=workflow.id, inputs={"text": "a"})

    assert_problem(answer, 404, "not_found")


def test_what_is_published_last_is_what_runs(browser, workspace):
    flow = make_workflow(workspace, graph=make_graph(case="lower"))
    publish_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace.id, workflow_id=flow.id)

    run = browser.start(workspace, workflowId=flow.id, inputs={"text": "LOUD"}).json()
    run_all()

    shown = browser.client.get(f"{BASE}/runs/{run['executionId']}?workspace={workspace.id}").json()
    assert shown["outputs"] == {"text": "loud"}
