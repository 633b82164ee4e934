"""`/api/studio/playground/runs/{id}` and `/files`: following, ending and repeating runs by session."""

import json

import pytest

from accounts.api import Role
from executor.models import Execution, File
from executor.selectors.runs import get_poll_answer
from tests.client import ApiClient
from tests.executor.media_files import make_image
from tests.factories import make_execution, make_key, make_member, make_published_workflow, run_all
from tests.http.playing import Browser
from tests.http.problem import assert_problem

NOBODYS = "exec_" + "0" * 26


@pytest.fixture
def browser(owner):
    return Browser(owner)


def calls(run, workspace):
    """Every call of a run, as `(method, path, body)`."""
    here = {"workspace": workspace.id}
    return [
        ("GET", f"/runs/{run}?workspace={workspace.id}", None),
        ("POST", f"/runs/{run}/cancel", here),
        ("POST", f"/runs/{run}/retry", here),
        ("POST", f"/runs/{run}/share", here),
        ("DELETE", f"/runs/{run}/share?workspace={workspace.id}", None),
        ("POST", f"/runs/{run}/rating", {**here, "isGood": True}),
    ]


def send(browser, call):
    method, path, body = call
    if method == "GET":
        return browser.client.get(f"/api/studio/playground{path}")
    return browser.delete(path) if method == "DELETE" else browser.post(path, body)


def test_a_run_stands_as_the_public_poll_says(browser, workspace, finished_id):
    answer = browser.get(f"/runs/{finished_id}", workspace=workspace.id)

    assert answer.content == get_poll_answer(workspace.id, finished_id).body
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_polls_a_run_under_way_is_told_when_to_come_back(browser, workspace, execution_id):
    answer = browser.get(f"/runs/{execution_id}", workspace=workspace.id)

    assert answer.json()["status"] == "QUEUED"
    assert answer.headers["Retry-After"] == "1"


def test_a_run_is_cancelled_once(browser, workspace, execution_id):
    here = {"workspace": workspace.id}

    first = browser.post(f"/runs/{execution_id}/cancel", here).json()
    second = browser.post(f"/runs/{execution_id}/cancel", here).json()

    assert first == {"executionId": execution_id, "status": "CANCELLED", "cancelled": True}
    assert second == {"executionId": execution_id, "status": "CANCELLED", "cancelled": False}


def test_a_run_is_retried_in_its_own_mode_with_other_inputs(browser, workspace, finished_id):
    answer = browser.post(
        f"/runs/{finished_id}/retry", {"workspace": workspace.id, "inputs": {"text": "again"}}
    )
    run_all()

    again = answer.json()
    shown = json.loads(get_poll_answer(workspace.id, again["executionId"]).body)
    assert answer.status_code == 202
    assert shown["outputs"] == {"text": "AGAIN"}
    assert again["mode"] == "live"
    assert again["eventsUrl"] == f"/ws/executions/{again['executionId']}"
    assert Execution.objects.of(workspace.id).get(pk=again["executionId"]).trigger == "playground"


def test_a_run_under_way_cannot_be_retried(browser, workspace, execution_id):
    answer = browser.post(f"/runs/{execution_id}/retry", {"workspace": workspace.id})

    assert_problem(answer, 409, "conflict")


def test_an_upload_is_a_file_of_the_workspace_as_the_api_makes_one(browser, workspace, key):
    answer = browser.upload(f"/files?workspace={workspace.id}", make_image())

    file = answer.json()
    known = ApiClient(key).get(f"/files/{file['id']}").json()
    assert answer.status_code == 201
    assert {**known, "fileId": file["id"]} == file
    assert (file["kind"], file["contentType"]) == ("image", "image/png")


def test_an_upload_that_is_no_media_is_refused_as_by_the_api(browser, workspace):
    here = f"/files?workspace={workspace.id}"

    broken = browser.upload(here, make_image()[:60])
    page = browser.upload(here, b"<html><script>alert(1)</script>", name="a.png")

    assert broken.status_code in (415, 422)
    assert page.status_code in (415, 422) or page.json()["kind"] == "text"
    assert not File.objects.of(workspace.id).filter(kind="image").exists()


def test_a8_no_call_goes_without_the_pages_token(owner, workspace, finished_id):
    browser = Browser(owner, with_token=False)

    answers = [
        *(send(browser, call) for call in calls(finished_id, workspace)[1:]),
        browser.upload(f"/files?workspace={workspace.id}", make_image()),
    ]

    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert not File.objects.of(workspace.id).exists()


def test_a_visitor_gets_a_problem_and_no_page(workspace, finished_id):
    visitor = Browser()

    for call in calls(finished_id, workspace):
        assert_problem(send(visitor, call), 401, "unauthenticated")


def test_t1_a_strangers_run_looks_as_one_that_nobody_has(stranger, stranger_workspace, finished_id):
    """In the stranger's own workspace, and in the run's."""
    browser = Browser(stranger)

    for theirs, nobodys in zip(
        calls(finished_id, stranger_workspace), calls(NOBODYS, stranger_workspace), strict=True
    ):
        answers = send(browser, theirs), send(browser, nobodys)
        if theirs[0] == "DELETE":  # to take back what is not shared is no error
            assert [answer.status_code for answer in answers] == [204, 204]
            continue
        assert assert_problem(answers[0], 404, "not_found") == {
            **answers[1].json(),
            "instance": answers[0].json()["instance"],
            "requestId": answers[0].json()["requestId"],
        }


def test_t1_a_strangers_workspace_looks_as_one_that_is_not_there(stranger, workspace, finished_id):
    browser = Browser(stranger)

    for call in calls(finished_id, workspace):
        assert_problem(send(browser, call), 404, "not_found")
    upload = browser.upload(f"/files?workspace={workspace.id}", make_image())
    assert_problem(upload, 404, "not_found")


def test_t4_a_call_that_names_no_workspace_is_refused(browser, finished_id):
    assert_problem(browser.get(f"/runs/{finished_id}"), 400, "malformed_request")
    assert_problem(browser.post(f"/runs/{finished_id}/cancel", {}), 422, "invalid_inputs")
    assert_problem(browser.upload("/files", make_image()), 400, "malformed_request")


def test_a_viewer_looks_and_does_nothing(workspace, finished_id):
    viewer = Browser(make_member(workspace, role=Role.VIEWER))

    look, *rest = (send(viewer, call) for call in calls(finished_id, workspace))
    upload = viewer.upload(f"/files?workspace={workspace.id}", make_image())

    assert look.status_code == 200
    for answer in (*rest, upload):
        assert_problem(answer, 403, "forbidden")


def test_a_runner_ends_repeats_and_uploads(workspace):
    runner = Browser(make_member(workspace, role=Role.RUNNER))
    run = make_execution(make_published_workflow(workspace)).execution_id
    here = {"workspace": workspace.id}

    answers = [
        runner.post(f"/runs/{run}/cancel", here),
        runner.post(f"/runs/{run}/retry", here),
        runner.upload(f"/files?workspace={workspace.id}", make_image()),
    ]

    assert [answer.status_code for answer in answers] == [200, 202, 201]


def test_answers_say_what_is_left_of_the_window(browser, workspace, finished_id):
    answer = browser.get(f"/runs/{finished_id}", workspace=workspace.id)

    assert answer.headers["X-RateLimit-Limit"] == "600"
    assert answer.headers["X-RateLimit-Remaining"] == "599"


def test_a_test_run_is_retried_as_one(browser, workspace, workflow):
    api = ApiClient(make_key(workspace, mode="test").secret)
    run = api.post(f"/workflows/{workflow.id}/execute", {"inputs": {"text": "hi"}}).json()
    run_all()

    again = browser.post(f"/runs/{run['executionId']}/retry", {"workspace": workspace.id}).json()

    assert again["mode"] == "test"
