"""`Idempotency-Key`: whatever is sent again under it is done once, on every POST there is."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.db import OperationalError, connection, connections, transaction
from drf_spectacular.generators import SchemaGenerator
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from accounts.api import SYSTEM_ACTOR, get_workspace, revoke_api_key
from accounts.models import IdempotencyRecord
from accounts.services.key_cache import KEY_CACHE
from billing.api import get_balance
from billing.services.grants import NewGrant, add_grant
from billing.types import GrantKind
from common import faults
from common.clock import utc_now
from common.http.drf import ApiView
from executor.models import Execution, File
from tests.client import ApiClient
from tests.executor import paid_nodes
from tests.executor.media_files import make_image
from tests.factories import (
    make_graph,
    make_key,
    make_published_workflow,
    make_workflow,
    make_workspace,
    run_all,
)
from tests.graphs import graph
from tests.http.post_routes import ROUTES, Post, post_routes, upload
from tests.http.problem import assert_problem
from workflows.models import Workflow
from workflows.selectors import get_catalogue

KEY = "0b1c-once"
TWINS = 50
PUBLIC = ("takeProviderCallback",)
REPLAYED = "Idempotent-Replayed"


@pytest.fixture(autouse=True)
def _disarmed():
    yield
    faults.arm("")


@pytest.fixture(params=ROUTES)
def route(request):
    """Each POST of the API in turn."""
    return ROUTES[request.param]


@pytest.fixture
def post(route, workspace) -> Post:
    """A request that the route takes."""
    made: Post = route.prepare(workspace)
    return made


@pytest.fixture
def creating() -> Post:
    """A request that makes a workflow."""
    return Post("/workflows", {"name": "New", "graph": make_graph()})


def everything() -> str:
    """All that is stored, but for when keys were used last and what is kept to be given again."""
    models = [
        model
        for name in ("accounts", "billing", "workflows", "executor")
        for model in apps.get_app_config(name).get_models()
        if model is not IdempotencyRecord
    ]
    rows = [row for model in models for row in model._base_manager.order_by("pk")]
    for row in rows:
        if hasattr(row, "last_used_at"):
            row.last_used_at = None
    return str(serializers.serialize("json", rows))


def kept(response: Any) -> tuple[Any, ...]:
    """What an answer and its replay have in common."""
    names = ("Content-Type", "Location", "ETag", "Cache-Control")
    return response.status_code, response.content, *(response.headers.get(name) for name in names)


def assert_replayed(response: Any, first: Any) -> None:
    assert response.headers.get(REPLAYED) == "true", response.content
    assert kept(response) == kept(first)


def records() -> Any:
    return IdempotencyRecord.objects.across_workspaces()


def test_every_post_of_the_api_is_in_the_table():
    assert post_routes() == set(ROUTES)


def test_a_second_sending_gets_the_first_answer_and_does_nothing(api, post):
    first = post.send(api, KEY)
    after = everything()

    again = post.send(api, KEY)

    assert 200 <= first.status_code < 300, first.content
    assert REPLAYED not in first.headers
    assert_replayed(again, first)
    assert everything() == after
    assert records().get().principal == "api"


def test_C2_the_same_key_with_another_query_is_refused(api, post):
    post.send(api, KEY)
    after = everything()

    response = post.send(api, KEY, query={"x": "1"})

    assert_problem(response, 422, "idempotency_key_reused")
    assert everything() == after


def test_C5_keys_of_the_other_mode_and_of_other_workspaces_are_other_keys(
    api, post, workspace, stranger_key
):
    first = post.send(api, KEY)
    test_key = make_key(workspace, mode="test").secret

    others = [post.send(ApiClient(secret), KEY) for secret in (test_key, stranger_key)]

    assert 200 <= first.status_code < 300
    assert all(REPLAYED not in response.headers for response in others)
    assert all(response.content != first.content for response in others[1:])


def test_C7_what_fails_before_its_commit_leaves_nothing_and_the_retry_acts(api, route, post):
    before = everything()
    faults.arm(f"{route.fails_at}=raise")

    broken = post.send(api, KEY)

    assert_problem(broken, 500, "internal")
    assert everything() == before
    assert not records().exists()
    retried = post.send(api, KEY)
    assert 200 <= retried.status_code < 300
    assert REPLAYED not in retried.headers


def test_C10_a_refusal_is_not_kept(api, post):
    bad = Post(post.path, b"{", {"Content_Type": "application/json"})

    refused = bad.send(api, KEY)

    assert refused.status_code in (400, 415)
    assert not records().exists()
    assert 200 <= post.send(api, KEY).status_code < 300


def test_X1_an_answer_that_was_stored_is_given_though_the_rest_failed(api, creating):
    faults.arm("once.after_commit=raise")

    response = creating.send(api, KEY)

    assert response.status_code == 201
    assert REPLAYED not in response.headers
    assert_replayed(creating.send(api, KEY), response)
    assert Workflow.objects.across_workspaces().count() == 1


def test_without_the_header_every_sending_counts(api, creating):
    ids = {creating.send(api).json()["id"] for _ in range(3)}

    assert len(ids) == 3
    assert not records().exists()


@pytest.mark.parametrize("header", ["", "x" * 256, '"open', "é", '""'])
def test_a_bad_key_is_a_400_and_nothing_is_done(api, creating, header):
    assert_problem(creating.send(api, header), 400, "malformed_request")
    assert not Workflow.objects.across_workspaces().exists()


def test_a_quoted_key_is_the_same_as_a_bare_one(api, creating):
    first = creating.send(api, "a b")

    assert_replayed(creating.send(api, '"a b"'), first)


@pytest.mark.parametrize("path", ["/workflows", "/workflows/executions"])
def test_other_methods_take_no_notice_of_the_header(api, path):
    assert api.get(path, Idempotency_Key="").status_code == 200


def test_C2_another_body_and_another_path_are_other_requests(api, workspace):
    first, second = (make_published_workflow(workspace).id for _ in range(2))
    body = {"inputs": {"text": "hi"}}
    Post(f"/workflows/{first}/execute", body).send(api, KEY)

    others = [
        Post(f"/workflows/{first}/execute", {"inputs": {"text": "ho"}}),
        Post(f"/workflows/{second}/execute", body),
        Post(f"/workflows/{first}/estimate", body),
    ]

    for other in others:
        assert_problem(other.send(api, KEY), 422, "idempotency_key_reused")
    assert Execution.objects.of(workspace.id).count() == 1


def test_C3_order_spaces_and_a_slash_do_not_count_and_forms_of_numbers_do(api, workspace):
    path = f"/workflows/{make_published_workflow(workspace).id}/execute"
    first = Post(path, b'{"inputs": {"text": "hi"}, "maxCredits": 10}').send(api, KEY)

    same = Post(f"{path}/", b'{"maxCredits":10,"inputs":{"text":"hi"}}\n').send(api, KEY)
    other = Post(path, b'{"inputs": {"text": "hi"}, "maxCredits": 10.0}').send(api, KEY)

    assert_replayed(same, first)
    assert_problem(other, 422, "idempotency_key_reused")


def test_C3_an_upload_is_known_by_its_parts_and_not_by_its_boundary(api):
    picture = make_image("PNG")
    first = upload(picture).send(api, KEY)

    assert_replayed(upload(picture, boundary="another").send(api, KEY), first)
    for other in (upload(picture + b"x"), upload(picture, name="b.png")):
        assert_problem(other.send(api, KEY), 422, "idempotency_key_reused")
    assert File.objects.across_workspaces().count() == 1


@pytest.mark.parametrize(("left", "is_replayed"), [(1, True), (-1, False)])
def test_C8_after_24_hours_the_request_is_a_new_one(api, creating, left, is_replayed):
    first = creating.send(api, KEY)
    records().update(expires_at=utc_now() + timedelta(seconds=left))

    again = creating.send(api, KEY)

    assert (again.headers.get(REPLAYED) == "true") is is_replayed
    assert (again.json()["id"] == first.json()["id"]) is is_replayed


@pytest.fixture
def paid(settings):
    """A workflow that costs 5 credits, in a workspace without any."""
    settings.EXTRA_NODES = [paid_nodes.__name__]
    get_catalogue.cache_clear()
    workspace = make_workspace(credits=0)
    document = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "task": "paid.task",
            "out": ("output", {"name": "text"}),
        },
        ["in.value -> task.text", "task.text -> out.value"],
    )
    yield make_published_workflow(workspace, graph=document)
    settings.EXTRA_NODES = []
    get_catalogue.cache_clear()


def test_C9_a_402_is_not_kept_and_after_a_top_up_the_retry_runs_once(db, paid):
    api = ApiClient(make_key_of(paid.workspace_id))
    post = Post(f"/workflows/{paid.id}/execute", {"inputs": {"text": "hi"}})
    grant = NewGrant("top-up", GrantKind.STAFF, 50)

    refused = post.send(api, KEY)
    add_grant(workspace_id=paid.workspace_id, grant=grant, actor="staff", now=utc_now())
    done = [post.send(api, KEY) for _ in range(3)]

    assert_problem(refused, 402, "insufficient_credits")
    assert [answer.status_code for answer in done] == [202] * 3
    assert len({answer.content for answer in done}) == 1
    assert Execution.objects.of(paid.workspace_id).count() == 1
    balance = get_balance(paid.workspace_id)
    assert (balance.available, balance.held) == (45, 5)


def make_key_of(workspace_id: str) -> str:
    """A key of the workspace with this id."""
    return make_key(get_workspace(workspace_id)).secret


def test_C11_a_replay_outlives_the_workflow_and_the_key(api, workspace):
    workflow = make_published_workflow(workspace)
    post = Post(f"/workflows/{workflow.id}/execute", {"inputs": {"text": "hi"}})
    first = post.send(api, KEY)
    run_all()
    api.delete(f"/workflows/{workflow.id}")
    other, weak = make_key(workspace), make_key(workspace, scopes=["read"])

    assert_replayed(post.send(ApiClient(other.secret), KEY), first)
    assert_problem(post.send(ApiClient(weak.secret), KEY), 403, "insufficient_scope")
    revoke_api_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=other.id)
    KEY_CACHE.clear()  # a commit would
    assert_problem(post.send(ApiClient(other.secret), KEY), 401, "unauthenticated")


def test_C11_a_replay_outlives_the_file(api):
    post = upload(make_image("PNG"))
    first = post.send(api, KEY)
    api.delete(f"/files/{first.json()['id']}")

    assert_replayed(post.send(api, KEY), first)


def test_a_body_is_read_as_far_as_its_route_reads_it(api):
    large = Post("/workflows", b'{"name": "Big", "graph": %s{}}' % (b" " * 1_100_000))

    assert large.send(api, KEY).status_code == large.send(api).status_code


class OnceView(ApiView):
    """A view of the tests' own: makes a workflow, and then something else happens."""

    permission_classes = []
    after: Any = None

    def post(self, request: Any) -> Response:
        """Make a workflow."""
        made = make_workflow(request.auth)
        return self.after(made) or Response({"id": made.id})


class Caller:
    """A caller without a key."""

    mode, namespace = "live", "api"

    def __init__(self, workspace):
        self.id = self.workspace_id = workspace.id


def call(workspace, after):
    """Call `OnceView` under a key."""

    class Known:
        def authenticate(self, request):
            return None, Caller(workspace)

        def authenticate_header(self, request):
            return "Bearer"

    request = APIRequestFactory().post(
        "/", b"{}", content_type="application/json", headers={"Idempotency-Key": KEY}
    )
    view = OnceView.as_view(authentication_classes=[Known], after=staticmethod(after))
    return view(request)


def test_C10_an_error_that_is_returned_undoes_what_was_done(workspace):
    response = call(workspace, lambda _: Response({}, status=409))

    assert response.status_code == 409
    assert not Workflow.objects.across_workspaces().exists()
    assert not records().exists()


@pytest.mark.django_db(transaction=True)
def test_X18_a_commit_whose_reply_was_lost_is_looked_up_and_answered(workspace):
    def lose(_):
        def fail():
            raise OperationalError("the connection was lost")

        transaction.on_commit(fail)

    first = call(workspace, lose)
    again = call(workspace, lose)

    made = Workflow.objects.across_workspaces().get()
    assert [(first.status_code, first.data), (again.status_code, again.data)] == [
        (200, b'{"id":"%s"}' % made.id.encode())
    ] * 2
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "name",
    [
        "workflows",
        "workflows/<wf:workflow_id>/execute",
        "workflows/executions/<exec:execution_id>/cancel",
    ],
)
def test_C1_of_fifty_twins_at_once_one_acts(name):
    workspace = make_workspace(plan="enterprise")
    post, secret = ROUTES[name].prepare(workspace), make_key(workspace).secret
    before = Workflow.objects.of(workspace.id).count(), Execution.objects.of(workspace.id).count()

    answers = at_once(TWINS, lambda: post.send(ApiClient(secret), KEY))

    done = [answer for answer in answers if answer.status_code < 300]
    firsts = [answer for answer in done if REPLAYED not in answer.headers]
    made = Workflow.objects.of(workspace.id).count(), Execution.objects.of(workspace.id).count()
    assert len(firsts) == 1
    assert {kept(answer) for answer in done} == {kept(firsts[0])}
    assert all(is_told_to_wait(answer) for answer in answers if answer not in done)
    assert sum(made) - sum(before) == (0 if name.endswith("cancel") else 1)


@pytest.mark.django_db(transaction=True)
def test_C1_who_waits_for_a_slow_twin_is_told_to_come_back(creating):
    workspace = make_workspace(plan="enterprise")
    secret = make_key(workspace).secret
    faults.arm("once.before_commit=sleep:2.8")

    answers = at_once(2, lambda: creating.send(ApiClient(secret), KEY))

    statuses = sorted(answer.status_code for answer in answers)
    if connection.vendor == "postgresql":
        assert statuses == [201, 409]
        assert is_told_to_wait(max(answers, key=lambda answer: answer.status_code))
    else:  # writers queue anyway, up to 20 seconds
        assert statuses == [201, 201]
    assert_replayed(creating.send(ApiClient(secret), KEY), min(answers, key=is_replay))
    assert Workflow.objects.of(workspace.id).count() == 1


def is_replay(answer: Any) -> tuple[int, bool]:
    return answer.status_code, REPLAYED in answer.headers


def is_told_to_wait(answer: Any) -> bool:
    assert_problem(answer, 409, "idempotency_in_progress")
    return bool(answer.headers["Retry-After"] == "1")


def at_once(count: int, work: Any) -> list[Any]:
    """What each of so many threads gets that start at the same moment."""
    answers: list[Any] = []
    barrier = threading.Barrier(count)

    def run() -> None:
        barrier.wait(30)
        try:
            answers.append(work())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == count
    return answers


def test_the_document_tells_of_it_on_every_post():
    document = SchemaGenerator().get_schema(request=None, public=True)
    posts = [path["post"] for path in document["paths"].values() if "post" in path]

    keyed = [operation for operation in posts if operation["operationId"] not in PUBLIC]

    assert len(keyed) >= len(ROUTES)
    for operation in keyed:
        assert "Idempotency-Key" in [item["name"] for item in operation["parameters"]]
        assert {"400", "409", "422"} <= set(operation["responses"])
    gets = [path["get"] for path in document["paths"].values() if "get" in path]
    names = [item["name"] for operation in gets for item in operation.get("parameters", [])]
    assert "Idempotency-Key" not in names
