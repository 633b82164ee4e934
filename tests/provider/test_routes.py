"""Which way a model is asked for: its routes, whose accounts, and what comes of each failure."""

import logging
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.api import SYSTEM_ACTOR, KeyPolicy, list_provider_keys, set_key_policy
from accounts.services.provider_keys import revoke_provider_key, set_provider_key
from billing.api import get_balance
from common.errors import InvalidGraph
from executor.models import Attempt, Execution, ProviderBlock, ProviderSetting, Task
from executor.selectors.provider_terms import forget_terms
from tests.executor.runs import accept, publish
from tests.provider.course import Course
from tests.provider.models import add_painter, open_accounts, painting, parts_of
from tests.providers.base import Outcome
from tests.providers.bfl import FakeBfl
from tests.providers.openai import OpenAiFake
from tests.providers.replicate import FakeReplicate
from tests.workflows.model_documents import STAFF
from workflows.catalogue.overrides import Override
from workflows.services.models import override_model, retire_model

Fakes = tuple[FakeBfl, FakeReplicate, OpenAiFake]

HELD = 90  # credits: the most that the painter may cost


@pytest.fixture(scope="module")
def _fakes() -> Iterator[Fakes]:
    with FakeBfl() as bfl, FakeReplicate() as replicate, OpenAiFake() as openai:
        yield bfl, replicate, openai


@pytest.fixture
def bfl(_fakes: Fakes) -> FakeBfl:
    return _fakes[0]


@pytest.fixture
def replicate(_fakes: Fakes) -> FakeReplicate:
    return _fakes[1]


@pytest.fixture
def openai(_fakes: Fakes) -> OpenAiFake:
    return _fakes[2]


@pytest.fixture
def course(workspace, staff_catalogue, _fakes, settings) -> Course:
    for fake in _fakes:
        fake.reset()
    open_accounts(settings, *_fakes)
    add_painter()
    return Course(workspace)


def set_terms(provider: str, **terms: object) -> None:
    ProviderSetting.objects.update_or_create(provider=provider, defaults=terms)
    forget_terms()


def own_key(workspace, fake) -> str:
    parts = parts_of(fake)
    made = set_provider_key(
        actor=SYSTEM_ACTOR,
        workspace_id=workspace.id,
        provider=fake.name,
        key=parts["key"],
        base_url=parts["base_url"],
    )
    forget_all(workspace)
    return made.id


def forget_all(workspace) -> None:
    from accounts.selectors import forget_own_accounts

    forget_own_accounts(workspace.id)


def paint_node(course: Course, execution: str) -> dict:
    return next(node for node in course.answer(execution)["nodes"] if node["nodeId"] == "paint")


def finish(course: Course, execution: str, turns: int = 12) -> dict:
    """Work until the run is over, moving the clock where nobody has anything to do."""
    for _ in range(turns):
        course.work()
        if course.answer(execution)["status"] in ("COMPLETED", "FAILED", "CANCELLED"):
            break
        course.advance(20)
    return course.answer(execution)


def attempts() -> list[tuple[str, str]]:
    rows = Attempt.objects.order_by("created_at", "number")
    return list(rows.values_list("provider", "state"))


def test_a_model_is_asked_for_by_its_first_route_and_says_by_whom(course, bfl) -> None:
    execution = course.begin(painting())

    answer = finish(course, execution)

    attempt, node = Attempt.objects.get(), paint_node(course, execution)
    assert answer["status"] == "COMPLETED"
    assert answer["outputs"]["image"]["kind"] == "image"
    assert (attempt.model_key, attempt.route, attempt.account) == ("route-painter", 0, "")
    assert node["provider"] == "bfl"
    assert node["route"] == {"provider": "bfl", "account": "platform", "fallbackFrom": []}
    assert bfl.paid == 1


def test_what_a_run_used_is_charged_and_what_it_cost_is_kept(course, workspace) -> None:
    before = get_balance(workspace.id).available
    execution = course.begin(painting())
    held = before - get_balance(workspace.id).available

    answer = finish(course, execution)

    assert held == HELD
    assert answer["credits"] == {"estimated": HELD, "charged": 40}
    assert Attempt.objects.get().cost_micros == 40_000
    assert get_balance(workspace.id).available == before - 40


def test_a_parameter_that_a_route_does_not_know_rules_it_out(course, settings, openai) -> None:
    open_accounts(settings, openai)
    execution = course.begin(painting(seed=7))

    answer = finish(course, execution)

    assert answer["error"]["code"] == "invalid_value"
    assert openai.paid == 0


@pytest.mark.parametrize("outcome", [Outcome.OUT_OF_CREDIT, Outcome.UNAUTHORIZED])
def test_x38_an_account_that_is_refused_is_left_for_the_next_route_and_unavailable(
    course, bfl, replicate, caplog, outcome
) -> None:
    bfl.script(outcome)
    execution = course.begin(painting())

    with caplog.at_level(logging.ERROR):
        answer = finish(course, execution)

    node = paint_node(course, execution)
    alarms = [record for record in caplog.records if record.action == "provider_account_blocked"]
    assert answer["status"] == "COMPLETED"
    assert node["route"] == {
        "provider": "replicate", "account": "platform", "fallbackFrom": ["bfl"],
    }  # fmt: skip
    assert attempts() == [("bfl", "failed"), ("replicate", "done")]
    assert (bfl.paid, replicate.paid, len(alarms)) == (0, 1, 1)
    assert ProviderBlock.objects.get().provider == "bfl"


def test_x38_a_refused_account_is_not_asked_by_other_processes_and_is_tried_again(
    course, bfl, replicate
) -> None:
    bfl.script(Outcome.OUT_OF_CREDIT)
    finish(course, course.begin(painting()))
    other = Course(course.workspace)  # another process: it has met nothing itself
    asked = len(bfl.seen)

    second = other.begin(painting(seed=2))
    finish(other, second)
    while_blocked = len(bfl.seen)
    other.advance(120)
    third = other.begin(painting(seed=3))
    finish(other, third)

    assert while_blocked == asked
    assert paint_node(other, second)["route"]["fallbackFrom"] == ["bfl"]
    assert paint_node(other, third)["provider"] == "bfl"


def test_x38_a_model_without_another_account_is_refused_when_it_is_accepted(
    course, settings, bfl, workspace
) -> None:
    open_accounts(settings, bfl)
    bfl.script(Outcome.OUT_OF_CREDIT)
    flow = publish(workspace, painting())
    execution = accept(workspace, flow, {"prompt": "tea"}).execution_id
    course.clock.advance(5)
    answer = finish(course, execution)

    with pytest.raises(InvalidGraph) as refused:
        accept(workspace, flow, {"prompt": "tea"})

    assert answer["error"]["code"] == "provider_unavailable"
    assert answer["credits"]["charged"] == 0
    (issue,) = refused.value.issues
    assert (issue.path, issue.code) == ("nodes/paint", "unavailable")
    assert "Route Painter" in issue.message


def test_a_rate_limit_is_waited_for_three_times_before_another_route_is_taken(
    course, bfl, replicate
) -> None:
    bfl.script(*[Outcome.RATE_LIMITED] * 3)
    execution = course.begin(painting())

    answer = finish(course, execution)

    assert answer["status"] == "COMPLETED"
    assert attempts() == [("bfl", "failed")] * 3 + [("replicate", "done")]
    assert (bfl.paid, replicate.paid) == (0, 1)


def test_a_rate_limit_that_passes_keeps_the_route(course, bfl, replicate) -> None:
    bfl.script(Outcome.RATE_LIMITED)
    execution = course.begin(painting())

    course.work()
    task = Task.objects.get(queue="remote")
    answer = finish(course, execution)

    assert (task.state, task.lease_until) == ("ready", None), "nobody holds it meanwhile"
    assert answer["status"] == "COMPLETED"
    assert attempts() == [("bfl", "failed"), ("bfl", "done")]


def test_x29_a_provider_that_is_not_there_is_left_at_once(course, settings, bfl, replicate) -> None:
    accounts = dict(settings.PROVIDER_ACCOUNTS)
    accounts["bfl"] = {**accounts["bfl"], "base_url": "http://127.0.0.1:9"}
    settings.PROVIDER_ACCOUNTS = accounts
    execution = course.begin(painting())

    answer = finish(course, execution)

    assert answer["status"] == "COMPLETED"
    assert attempts() == [("bfl", "failed"), ("replicate", "done")]
    assert replicate.paid == 1


@pytest.mark.parametrize("outcome", [Outcome.REFUSED])
def test_p8_refused_content_is_not_taken_elsewhere(course, bfl, replicate, openai, outcome) -> None:
    bfl.script(outcome)
    execution = course.begin(painting())

    answer = finish(course, execution)

    assert answer["error"]["code"] == "content_policy"
    assert answer["credits"]["charged"] == 0
    assert (replicate.paid, openai.paid) == (0, 0)
    assert len(replicate.seen) == len(openai.seen) == 0


@pytest.mark.parametrize("outcome", [Outcome.DROP_AFTER_SUBMIT, Outcome.BAD_JSON])
def test_x40_no_other_route_is_taken_while_the_outcome_of_one_is_open(
    course, bfl, replicate, openai, outcome
) -> None:
    bfl.script(outcome)
    execution = course.begin(painting())

    course.work()
    course.advance(120)
    course.work()
    under_way = course.answer(execution)["status"]
    course.advance(300)
    answer = finish(course, execution)

    assert under_way == "RUNNING"
    assert answer["error"]["code"] == "provider_outcome_unknown"
    assert (bfl.paid, len(replicate.seen), len(openai.seen)) == (1, 0, 0)
    assert attempts() == [("bfl", "unknown")]


def test_x40_a_job_that_was_taken_is_not_given_to_another_when_its_polls_are_refused(
    course, bfl, replicate
) -> None:
    execution = course.begin(painting())
    assert course.work(arm="remote.after_handle=raise")
    bfl.key, kept = "changed", bfl.key
    course.take_over()
    bfl.key = kept

    course.advance(60)
    answer = finish(course, execution)

    assert answer["status"] == "COMPLETED"
    assert attempts() == [("bfl", "done")]
    assert (bfl.paid, len(replicate.seen)) == (1, 0)


def test_a_takeover_goes_on_by_the_route_of_the_attempt(course, bfl, replicate) -> None:
    bfl.script(Outcome.OUT_OF_CREDIT)
    execution = course.begin(painting())
    assert course.work(arm="remote.after_handle=raise")
    ProviderBlock.objects.all().delete()
    forget_terms()
    course.circuits.__init__(course.clock)

    course.take_over()

    node = paint_node(course, execution)
    assert node["status"] == "COMPLETED"
    assert node["route"]["fallbackFrom"] == ["bfl"]
    assert (bfl.paid, replicate.paid) == (0, 1)


def test_staff_switch_a_provider_off(course, bfl, replicate) -> None:
    set_terms("bfl", is_off=True)
    execution = course.begin(painting())

    answer = finish(course, execution)

    assert answer["status"] == "COMPLETED"
    assert attempts() == [("replicate", "done")]
    assert bfl.seen == []


def test_staff_reorder_the_routes_while_a_job_runs(course, bfl, replicate) -> None:
    execution = course.begin(painting())
    assert course.work(arm="remote.after_handle=raise")
    override_model(
        actor=STAFF, key="route-painter", override=Override(providers=("replicate", "bfl"))
    )

    course.take_over()
    second = course.begin(painting(seed=5))
    finish(course, second)

    assert paint_node(course, execution)["provider"] == "bfl"
    assert paint_node(course, second)["provider"] == "replicate"
    assert (bfl.paid, replicate.paid) == (1, 1)


# --- own keys


def test_an_own_key_is_used_alone_and_costs_the_fee(course, workspace, replicate, bfl) -> None:
    key_id = own_key(workspace, replicate)
    set_terms("replicate", own_key_fee=3)
    before = get_balance(workspace.id).available
    execution = course.begin(painting())

    answer = finish(course, execution)

    node, attempt = paint_node(course, execution), Attempt.objects.get()
    assert answer["credits"] == {"estimated": 3, "charged": 3}
    assert get_balance(workspace.id).available == before - 3
    assert node["route"] == {"provider": "replicate", "account": "own", "fallbackFrom": []}
    assert (attempt.provider, attempt.account) == ("replicate", key_id)
    assert bfl.seen == []


def test_an_own_key_without_a_fee_costs_nothing_and_needs_no_credits(
    course, workspace, replicate
) -> None:
    own_key(workspace, replicate)
    execution = course.begin(painting())

    answer = finish(course, execution)

    assert answer["status"] == "COMPLETED"
    assert answer["credits"] == {"estimated": 0, "charged": 0}


def test_an_own_key_that_is_refused_is_not_covered_by_the_platforms(
    course, workspace, bfl, replicate, openai
) -> None:
    own_key(workspace, bfl)
    bfl.script(Outcome.UNAUTHORIZED)
    flow = publish(workspace, painting())
    execution = accept(workspace, flow, {"prompt": "tea"}).execution_id
    course.clock.advance(5)

    answer = finish(course, execution)

    (key,) = list_provider_keys(workspace.id)
    assert answer["error"]["code"] == "provider_unavailable"
    assert len(replicate.seen) == len(openai.seen) == 0
    assert key.check_error, "the page of keys says so"
    with pytest.raises(InvalidGraph):
        accept(workspace, flow, {"prompt": "tea"})


def test_another_workspace_is_not_touched_by_a_refused_own_key(
    course, workspace, stranger_workspace, bfl
) -> None:
    own_key(workspace, bfl)
    bfl.script(Outcome.UNAUTHORIZED)
    finish(course, course.begin(painting()))
    other = Course(stranger_workspace)

    execution = other.begin(painting())
    finish(other, execution)

    assert paint_node(other, execution)["provider"] == "bfl"
    assert paint_node(other, execution)["route"]["account"] == "platform"


@pytest.mark.parametrize(
    ("policy", "account"), [("own_first", "own"), ("platform_only", "platform")]
)
def test_the_policy_says_whose_keys_are_used(course, workspace, bfl, policy, account) -> None:
    own_key(workspace, bfl)
    set_key_policy(actor=SYSTEM_ACTOR, workspace_id=workspace.id, policy=KeyPolicy(policy))
    forget_all(workspace)
    execution = course.begin(painting())

    finish(course, execution)

    assert paint_node(course, execution)["route"]["account"] == account


def test_who_wants_own_keys_alone_cannot_run_by_the_platforms(course, workspace) -> None:
    set_key_policy(actor=SYSTEM_ACTOR, workspace_id=workspace.id, policy=KeyPolicy.OWN_ONLY)
    forget_all(workspace)

    with pytest.raises(InvalidGraph) as refused:
        course.begin(painting())

    assert refused.value.issues[0].code == "unavailable"


def test_a_key_that_is_removed_before_its_run_begins_is_missing(course, workspace, bfl) -> None:
    own_key(workspace, bfl)
    execution = course.begin(painting())
    revoke_provider_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, provider="bfl")
    forget_all(workspace)

    answer = finish(course, execution)

    assert answer["error"]["code"] == "missing_credentials"
    assert bfl.paid == 0


@pytest.mark.parametrize(
    ("point", "code", "state", "paid"),
    [
        ("after_submit", "provider_outcome_unknown", "unknown", 1),
        ("after_handle", "missing_credentials", "failed", 1),
    ],
)
def test_a_key_that_is_removed_under_way_ends_the_run(
    course, workspace, bfl, point, code, state, paid
) -> None:
    own_key(workspace, bfl)
    execution = course.begin(painting())
    assert course.work(arm=f"remote.{point}=raise")
    revoke_provider_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, provider="bfl")
    forget_all(workspace)

    course.take_over()

    assert course.answer(execution)["error"]["code"] == code
    assert Attempt.objects.get().state == state
    assert bfl.paid == paid


def test_a_key_that_is_replaced_under_way_goes_on_with_the_job(course, workspace, bfl) -> None:
    own_key(workspace, bfl)
    execution = course.begin(painting())
    assert course.work(arm="remote.after_handle=raise")
    own_key(workspace, bfl)

    course.take_over()

    assert course.answer(execution)["status"] == "COMPLETED"
    assert bfl.paid == 1


# --- what is unavailable


def test_g16_a_model_that_was_retired_since_is_named(course, workspace) -> None:
    flow = publish(workspace, painting())
    retire_model(actor=STAFF, key="route-painter")

    with pytest.raises(InvalidGraph) as refused:
        accept(workspace, flow, {"prompt": "tea"})

    (issue,) = refused.value.issues
    assert (issue.path, issue.code) == ("nodes/paint", "unavailable")
    assert "Route Painter" in issue.message


def test_g16_a_price_that_was_raised_since_is_held_and_bound_to_max_credits(
    course, workspace
) -> None:
    flow = publish(workspace, painting())
    override_model(actor=STAFF, key="route-painter", override=Override(price="500"))

    made = accept(workspace, flow, {"prompt": "tea"})

    assert made.estimated_credits == 500
    with pytest.raises(Exception, match="more than"):
        accept(workspace, flow, {"prompt": "tea"}, max_credits=400)


def test_a_price_that_changes_after_acceptance_changes_nothing(course, bfl) -> None:
    execution = course.begin(painting())
    override_model(actor=STAFF, key="route-painter", override=Override(price="1"))

    answer = finish(course, execution)

    assert answer["credits"] == {"estimated": HELD, "charged": 40}


def test_a_model_without_a_price_runs_by_own_keys_alone(
    workspace, staff_catalogue, settings, bfl
) -> None:
    bfl.reset()
    open_accounts(settings, bfl)
    lines = '[price]\ncredits = "10 * used(cents, 9)"\nsource = "https://example.com/prices"\n'
    add_painter((f"{lines}checked = 2026-11-21\n", ""))
    course = Course(workspace)
    flow = publish(workspace, painting())
    with pytest.raises(InvalidGraph) as refused:
        accept(workspace, flow, {"prompt": "tea"})
    own_key(workspace, bfl)

    answer = finish(course, course.begin(painting()))

    assert "price" in refused.value.issues[0].message
    assert answer["status"] == "COMPLETED"


def test_a_model_that_staff_switched_off_is_refused(course, workspace) -> None:
    override_model(actor=STAFF, key="route-painter", override=Override(is_off=True))

    with pytest.raises(InvalidGraph) as refused:
        course.begin(painting())

    assert "off" in refused.value.issues[0].message


def test_a_version_without_models_costs_no_statement_more(
    workspace, django_assert_max_num_queries
) -> None:
    from tests.executor.test_runs import SHOUT

    flow = publish(workspace, SHOUT)
    accept(workspace, flow, {"text": "warm"})
    forget_terms()

    with django_assert_max_num_queries(2 + 6):
        accept(workspace, flow, {"text": "x"})


def test_a_version_with_models_costs_no_statement_more_once_the_terms_are_known(
    course, workspace
) -> None:
    flow = publish(workspace, painting())
    accept(workspace, flow, {"prompt": "warm"})

    with CaptureQueriesContext(connection) as log:
        accept(workspace, flow, {"prompt": "tea"})

    about = ("providersetting", "providerblock", "providerkey", "key_policy")
    assert not [each for each in log.captured_queries if any(word in each["sql"] for word in about)]


def test_the_choice_is_frozen_with_the_run(course, workspace, bfl, replicate) -> None:
    execution = course.begin(painting())
    own_key(workspace, replicate)

    finish(course, execution)

    assert paint_node(course, execution)["route"]["account"] == "platform"
    options = Execution.objects.across_workspaces().get(pk=execution).options
    assert "own" not in options
