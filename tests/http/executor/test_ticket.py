"""`POST /workflows/executions/{id}/ticket`, and what tickets are good for."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from common.clock import FixedClock, rfc3339, utc_now
from common.errors import Unauthenticated
from executor.services.tickets import issue_ticket, redeem_ticket
from tests.client import ApiClient
from tests.factories import make_execution, make_key, make_published_workflow
from tests.http.problem import assert_problem


@pytest.fixture(autouse=True)
def _empty_cache():
    yield
    cache.clear()


@pytest.fixture
def execution_id(workspace):
    return make_execution(make_published_workflow(workspace)).execution_id


@pytest.fixture
def path(execution_id):
    return f"/workflows/executions/{execution_id}/ticket"


def test_a_ticket_is_given_for_half_a_minute(api, path):
    before = utc_now()

    response = api.post(path)

    answer = response.json()
    latest = rfc3339(utc_now() + timedelta(seconds=30))
    assert response.status_code == 201
    assert set(answer) == {"ticket", "expiresAt"}
    assert len(answer["ticket"]) >= 40
    assert rfc3339(before + timedelta(seconds=30)) <= answer["expiresAt"] <= latest
    assert response.headers["Cache-Control"] == "no-store"


def test_W2_a_ticket_is_good_once(api, workspace, execution_id, path):
    secret = api.post(path).json()["ticket"]

    ticket = redeem_ticket(secret, execution_id)

    assert (ticket.workspace_id, ticket.execution_id) == (workspace.id, execution_id)
    with pytest.raises(Unauthenticated):
        redeem_ticket(secret, execution_id)


def test_W2_a_ticket_is_good_for_its_own_run_alone(api, path):
    secret = api.post(path).json()["ticket"]

    with pytest.raises(Unauthenticated):
        redeem_ticket(secret, f"exec_{'0' * 26}")


def test_W2_a_ticket_expires(workspace, execution_id):
    clock = FixedClock(utc_now())
    secret, _ = issue_ticket(
        workspace_id=workspace.id, execution_id=execution_id, key_id="key_x", clock=clock
    )

    clock.advance(30)

    with pytest.raises(Unauthenticated):
        redeem_ticket(secret, execution_id, clock=clock)


@pytest.mark.parametrize("secret", ["", "x", "x" * 10_000, "\ud800", "a:b"])
def test_W2_what_is_no_ticket_opens_nothing(secret):
    with pytest.raises(Unauthenticated):
        redeem_ticket(secret, f"exec_{'0' * 26}")


def test_T1_no_ticket_for_a_foreign_run(api, stranger_workspace):
    foreign = make_execution(make_published_workflow(stranger_workspace)).execution_id

    details = [
        assert_problem(api.post(f"/workflows/executions/{id_}/ticket"), 404, "not_found")["detail"]
        for id_ in (foreign, f"exec_{'0' * 26}")
    ]

    assert details[0] == details[1]


def test_a_key_without_the_scope_is_refused(workspace, path):
    key = make_key(workspace, scopes=["execute"])

    problem = assert_problem(ApiClient(key.secret).post(path), 403, "insufficient_scope")

    assert problem["requiredScope"] == "read"


def test_B14_other_methods_are_refused(api, path):
    assert_problem(api.get(path), 405, "method_not_allowed")
