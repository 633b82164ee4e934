"""Every adapter against its provider's fake, through every outcome that the provider knows."""

import dataclasses
import importlib
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from executor.providers.adapters import SHIPPED
from executor.providers.base import Adapter, Done, Failed, KeyCheck, OutcomeClass, Submitted
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    ProviderError,
    RateLimited,
    Unanswered,
)
from tests.providers.base import FakeProvider, Outcome
from tests.providers.courses import Bench, Benches, assert_files, assert_storable, open_benches
from workflows.catalogue.providers import PROVIDERS
from workflows.catalogue.remote import ProviderCall

ADAPTERS: dict[str, type[Adapter]] = {adapter.name: adapter for adapter in SHIPPED}
FAKES = {
    name: importlib.import_module(f"tests.providers.{name}")
    for name in ADAPTERS
    if find_spec(f"tests.providers.{name}")
}

JUNK = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b"0",
    b'"text"',
    b"true",
    b"<html>502 Bad Gateway</html>",
    b"\xff\xfe\x00",
    b'{"id": null, "status": null, "data": null, "output": null}',
    b'{"id": 5, "status": 5, "data": 5, "output": 5, "error": 5, "result": 5}',
    b'{"id": [], "status": [], "data": [[]], "output": [[]], "error": [], "choices": [[]]}',
    b'{"id": {}, "status": {}, "data": {}, "output": {}, "error": {}, "choices": {}, "result": {}}',
    b'{"data": [null], "output": [null], "choices": [null], "candidates": [null], "images": [null]}',
    b'{"data": [{"b64_json": "!", "url": 1}], "choices": [{"message": "x"}], "images": ["!"]}',
    b'{"id": "\\u0000\\ud800", "status": "\\ud800", "task_id": "\\u0000", "request_id": "\\ud800"}',
    b'{"data": [{"embedding": "x", "b64_json": "\\ud800"}], "content": [{"type": "text", "text": 1}]}',
    b'{"status": "COMPLETED", "code": 0, "base_resp": {"status_code": 0}}',
    b'{"status": "succeeded", "id": "x", "state": "completed", "task_status": "succeed"}',
    b'{"done": true, "id": "x", "name": "x", "response": []}',
    b'{"id": ' + b"9" * 5_000 + b"}",
    b'{"id": N, "status": N, "cost": N, "seed": N, "progress": N}'.replace(b"N", b"9" * 400),
    b'{"id": NaN, "progress": Infinity, "seed": 1e999}',
    b"[" * 100_000,
    b'{"data": ' + b'{"data": ' * 2_000 + b"1" + b"}" * 2_001,
)
CALLBACKS: tuple[Any, ...] = (
    None, 1, "x", [], [[]], {}, {"id": 5}, {"id": []}, {"request_id": {}}, {"task_id": None},
    {"id": "\x00"}, {"data": "x"}, {"data": {"task_id": []}}, {"prediction": {}}, {"task": []},
)  # fmt: skip


def _samples(outcome: Outcome | None = None) -> list[Any]:
    """Return each provider's sample calls, those left out that do not know the outcome."""
    return [
        pytest.param(name, call, id=f"{name}-{number}-{call.operation}")
        for name, module in FAKES.items()
        for number, call in enumerate(module.SAMPLES)
        if outcome is None or (call.operation, outcome) not in module.FAKE.never
    ]


def each_sample(outcome: Outcome | None = None) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "call"), _samples(outcome))


def each_sample_with(*outcomes: Outcome) -> pytest.MarkDecorator:
    """Each sample with each of these outcomes that its provider knows."""
    cases = [
        pytest.param(*sample.values, outcome, id=f"{sample.id}-{outcome}")
        for outcome in outcomes
        for sample in _samples(outcome)
    ]
    return pytest.mark.parametrize(("name", "call", "outcome"), cases)


def first_sample(name: str) -> ProviderCall:
    """Return a provider's first sample call."""
    samples: tuple[ProviderCall, ...] = FAKES[name].SAMPLES
    return samples[0]


each_adapter = pytest.mark.parametrize("name", FAKES)
each_key = pytest.mark.parametrize("name", [name for name in FAKES if PROVIDERS[name].needs_key])
each_called_back = pytest.mark.parametrize(
    "name", [name for name in FAKES if ADAPTERS[name].outcome_class is OutcomeClass.C]
)


@pytest.fixture(scope="module")
def benches() -> Iterator[Benches]:
    with open_benches() as benches:
        yield benches


@pytest.fixture
def bench(name: str, benches: Benches) -> Bench:
    return benches.of(ADAPTERS[name], FAKES[name].FAKE)


def test_every_adapter_has_a_fake_and_a_line_in_the_table_of_providers() -> None:
    assert FAKES.keys() == ADAPTERS.keys()
    assert ADAPTERS.keys() <= PROVIDERS.keys()


@each_sample()
def test_a_job_that_goes_well_is_paid_once_and_gives_what_was_asked_for(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    course = bench.course(call)

    assert bench.fake.paid == 1
    assert course.answer.files or course.answer.data
    assert_storable(course.answer.data)
    assert_files(bench, course.answer)


@each_sample(Outcome.SLOW)
def test_a_slow_job_is_followed_to_its_end(bench: Bench, name: str, call: ProviderCall) -> None:
    bench.fake.script(Outcome.SLOW)

    course = bench.course(call)

    assert course.answer.files or course.answer.data
    assert bench.fake.paid == 1


@each_sample(Outcome.REFUSED)
def test_refused_content_is_told_apart_and_never_tried_again(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    bench.fake.script(Outcome.REFUSED)

    error = bench.course(call).end

    assert isinstance(error, ContentRefused)
    assert (error.code, error.retryable) == ("content_policy", False)
    _assert_fit_for_customers(bench, error)


@each_sample(Outcome.FAILED)
def test_a_failed_job_is_an_error_of_the_provider(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    bench.fake.script(Outcome.FAILED)

    error = bench.course(call).end

    assert isinstance(error, ProviderError)
    assert not isinstance(error, ContentRefused | AccountBlocked | RateLimited)
    _assert_fit_for_customers(bench, error)


@each_sample(Outcome.RATE_LIMITED)
def test_a_rate_limit_is_retryable_after_the_time_that_the_provider_names(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    bench.fake.script(Outcome.RATE_LIMITED)
    told = bench.fake.refusal(Outcome.RATE_LIMITED)
    assert told is not None
    named = told.headers.get("Retry-After")

    error = bench.submit(call)

    assert isinstance(error, RateLimited)
    assert error.retryable
    assert error.retry_after_s == (None if named is None else float(named))
    assert bench.fake.jobs == []


@each_sample_with(Outcome.OUT_OF_CREDIT, Outcome.UNAUTHORIZED)
def test_an_account_without_money_or_key_is_blocked(
    bench: Bench, name: str, call: ProviderCall, outcome: Outcome
) -> None:
    bench.fake.script(outcome)

    error = bench.submit(call)

    assert isinstance(error, AccountBlocked)
    assert not error.retryable
    _assert_fit_for_customers(bench, error)
    assert bench.fake.jobs == []


@each_sample(Outcome.DROP_AFTER_SUBMIT)
def test_a_connection_that_breaks_leaves_the_outcome_open(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    bench.fake.script(Outcome.DROP_AFTER_SUBMIT)

    error = bench.submit(call)

    assert isinstance(error, Unanswered)
    assert bench.fake.paid == 1


@each_sample(Outcome.DROP_AFTER_SUBMIT)
def test_a_job_that_was_lost_is_found_again_where_the_provider_lets_us(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    bench.fake.script(Outcome.DROP_AFTER_SUBMIT)
    bench.submit(call)
    bench.fake.jobs[0].outcome = Outcome.OK
    called = bench.fake.callback(bench.fake.jobs[0])

    found = bench.look_up(bench.cls.job_named_in(called))

    if bench.cls.outcome_class_of(call.operation) in (OutcomeClass.B, OutcomeClass.C):
        assert isinstance(found, dict)
        assert isinstance(bench.follow(found).end, Done)
    else:
        assert found is None
    assert bench.fake.paid == 1


@each_sample(Outcome.BAD_JSON)
def test_an_answer_that_is_no_json_leaves_the_outcome_open(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    bench.fake.script(Outcome.BAD_JSON)

    assert isinstance(bench.submit(call), Unanswered)


@each_sample(Outcome.EXPIRED_URL)
def test_x34_a_result_that_is_gone_can_be_asked_for_anew(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    bench.fake.script(Outcome.EXPIRED_URL)
    course = bench.course(call)
    linked = [file for file in course.answer.files if file.url is not None]
    assert all(bench.content_of(file) is None for file in linked)

    again = None if course.handle is None else bench.poll(course.handle)

    if again is None:  # answered at once: what is not behind a link is there
        assert bench.cls.outcome_class_of(call.operation) is OutcomeClass.D
        assert all(file.data for file in course.answer.files if file.url is None)
    else:
        assert isinstance(again, Done)
        assert_files(bench, again.answer)


@each_sample()
def test_another_process_goes_on_from_the_handle(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    came = bench.submit(call)

    if isinstance(came, Submitted):
        assert_storable(dict(came.handle))
        assert bench.fake.key not in repr(came.handle)
        assert isinstance(bench.follow(came.handle).end, Done)
    else:
        assert isinstance(came, Done)


@each_sample()
def test_a_job_can_be_cancelled_at_any_time_without_an_error(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    came = bench.submit(call)
    if isinstance(came, Done):  # at once: there is no job to end
        assert bench.fake.paid == 1
        return

    assert isinstance(came, Submitted)
    assert [bench.cancel(came.handle), bench.cancel(came.handle)] == [None, None]

    if bench.fake.jobs[0].is_cancelled:
        assert isinstance(bench.follow(came.handle).end, ProviderError)


@each_sample()
def test_p7_whatever_a_provider_answers_is_an_error_of_ours_at_worst(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    for junk in JUNK:
        bench.fake.say_instead(junk)
        _assert_sound(bench.submit(call))


@each_adapter
def test_p7_whatever_a_provider_refuses_with_is_an_error_of_ours(bench: Bench, name: str) -> None:
    for junk in JUNK:
        for status in (400, 422, 429, 500):
            bench.fake.say_instead(junk, status=status)

            came = bench.submit(first_sample(name))

            assert isinstance(came, ProviderError | Unanswered)
            _assert_sound(came)


@each_adapter
def test_p7_junk_in_place_of_a_state_is_no_end_of_a_job(bench: Bench, name: str) -> None:
    came = bench.submit(first_sample(name))
    for junk in JUNK if isinstance(came, Submitted) else ():
        assert isinstance(came, Submitted)
        for status in (200, 400, 404, 500):
            bench.fake.say_instead(junk, status=status)
            _assert_sound(bench.poll(came.handle))
            _assert_sound(bench.look_up("job-0001"))
            _assert_sound(bench.cancel(came.handle))


@each_adapter
def test_junk_in_answer_to_a_check_is_no_good_key(bench: Bench, name: str) -> None:
    for junk in JUNK:
        bench.fake.say_instead(junk, status=403)

        assert isinstance(bench.check(), ProviderError)

        bench.fake.say_instead(junk)
        _assert_sound(bench.check())


@each_adapter
def test_a_good_key_is_told_by_a_call_that_costs_nothing(bench: Bench, name: str) -> None:
    assert isinstance(bench.check(), KeyCheck)
    assert bench.fake.paid == 0


@each_key
def test_a_wrong_key_is_told(bench: Bench, name: str) -> None:
    account = dataclasses.replace(bench.fake.account(), key="wrong-key-000000", secret="wrong")

    assert isinstance(bench.check(account), AccountBlocked)
    assert isinstance(bench.submit(first_sample(name), account), AccountBlocked)
    assert bench.fake.jobs == []


class Stranger(FakeProvider):
    """A server that belongs to somebody else."""

    name = "stranger"

    def routes(self) -> Any:
        return ()

    def is_authorized(self, seen: Any) -> bool:
        return True


@each_sample()
def test_the_key_is_shown_to_no_address_that_an_answer_names(
    bench: Bench, name: str, call: ProviderCall
) -> None:
    with Stranger() as stranger:
        bench.fake.point_elsewhere(stranger.url)
        came = bench.submit(call)
        if isinstance(came, Submitted):
            bench.poll(came.handle)
            bench.cancel(came.handle)

        assert [seen.path for seen in stranger.seen] == []


@each_called_back
def test_callbacks_name_the_job_however_often_they_come(bench: Bench, name: str) -> None:
    bench.fake.script(Outcome.WEBHOOK_DUPLICATE)
    came = bench.submit(first_sample(name))
    assert isinstance(came, Submitted)
    callback = bench.fake.callback(bench.fake.jobs[0])

    named = [bench.cls.job_named_in(callback) for _ in range(2)]

    assert named[0] is not None
    assert named[0] == named[1]
    assert isinstance(bench.look_up(named[0]), dict)
    assert bench.fake.paid == 1


@each_called_back
def test_x34_a_forged_callback_is_believed_no_more_than_the_provider_confirms(
    bench: Bench, name: str
) -> None:
    bench.fake.script(Outcome.WEBHOOK_BAD_SIGNATURE)
    came = bench.submit(first_sample(name))
    assert isinstance(came, Submitted)

    found = bench.look_up("job-of-nobody")

    if isinstance(found, dict):
        assert not isinstance(bench.poll(found), Done)
    else:
        assert found is None or isinstance(found, ProviderError | Unanswered)


@each_adapter
def test_a_strange_callback_names_no_job_or_a_text(name: str) -> None:
    for callback in CALLBACKS:
        named = ADAPTERS[name].job_named_in(callback)

        assert named is None or isinstance(named, str), callback


def _assert_sound(came: Any) -> None:
    """Check what was made of an answer: whatever is kept of it can be stored."""
    if isinstance(came, Submitted):
        assert_storable(dict(came.handle))
    if isinstance(came, Done):
        assert_storable(came.answer.data)
    error = came.error if isinstance(came, Failed) else came
    if isinstance(error, ProviderError):
        assert_storable(error.message)


def _assert_fit_for_customers(bench: Bench, error: ProviderError) -> None:
    """Check that a message names neither key nor address."""
    for word in (bench.fake.key, "127.0.0.1", "http://", "https://"):
        assert word not in error.message
    assert 0 < len(error.message) <= 400
