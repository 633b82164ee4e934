"""What is done after a submit whose outcome nobody knows: by the operation, not by the adapter alone."""

from datetime import UTC, datetime, timedelta

import pytest

from executor.providers.adapters import SHIPPED
from executor.providers.adapters.bytedance import BytedanceAdapter
from executor.providers.adapters.comfyui import ComfyUiAdapter
from executor.providers.adapters.kling import KlingAdapter
from executor.providers.adapters.luma import LumaAdapter
from executor.providers.adapters.minimax import MinimaxAdapter
from executor.providers.base import OutcomeClass
from executor.providers.recovery import HEAR_AGAIN_S, Act, Lost, NextAct, next_act

SENT = datetime(2026, 11, 21, tzinfo=UTC)
LEASE_S = 30.0  # a process that was frozen sends for so long after its commit (decision 0011)


def lost(outcome_class: OutcomeClass, *, called: bool = False, callable_: bool = True) -> Lost:
    give_up_at = SENT + timedelta(minutes=30)
    return Lost(
        outcome_class, SENT, SENT, give_up_at, is_called_back=called, can_be_called=callable_
    )


@pytest.mark.parametrize(
    ("adapter", "operation", "outcome_class"),
    [
        (BytedanceAdapter, "text-to-image", OutcomeClass.D),
        (BytedanceAdapter, "image-edit", OutcomeClass.D),
        (BytedanceAdapter, "text-to-video", OutcomeClass.C),
        (MinimaxAdapter, "text-to-speech", OutcomeClass.D),
        (MinimaxAdapter, "music", OutcomeClass.D),
        (MinimaxAdapter, "chat", OutcomeClass.D),
        (MinimaxAdapter, "video-v2", OutcomeClass.C),
        (MinimaxAdapter, "text-to-video", OutcomeClass.C),
        (KlingAdapter, "lip-sync", OutcomeClass.B),
        (LumaAdapter, "text-to-image", OutcomeClass.C),
    ],
)
def test_what_is_answered_at_once_can_only_be_given_up(adapter, operation, outcome_class):
    found = adapter.outcome_class_of(operation)

    assert found == outcome_class


def test_what_nobody_will_call_about_is_not_waited_for():
    step = next_act(LumaAdapter, lost(OutcomeClass.C, callable_=False), SENT)

    assert step == NextAct(Act.GIVE_UP)


def test_a_callback_is_waited_for_in_short_pieces_until_the_end():
    given_up_at = SENT + timedelta(minutes=30)
    late = given_up_at - timedelta(seconds=7)

    early = next_act(LumaAdapter, lost(OutcomeClass.C), SENT)
    last = next_act(LumaAdapter, lost(OutcomeClass.C), late)
    over = next_act(LumaAdapter, lost(OutcomeClass.C), given_up_at)

    assert early == NextAct(Act.WAIT, SENT + timedelta(seconds=HEAR_AGAIN_S))
    assert last == NextAct(Act.WAIT, given_up_at)
    assert over == NextAct(Act.GIVE_UP)


def test_a_job_that_was_called_about_is_looked_up_even_late():
    step = next_act(LumaAdapter, lost(OutcomeClass.C, called=True), SENT + timedelta(days=1))

    assert step == NextAct(Act.LOOK_UP)


@pytest.mark.parametrize("adapter", [each for each in SHIPPED if each.outcome_class == "B"])
def test_nothing_is_sent_again_before_the_first_can_have_arrived(adapter):
    uploads = 3 if adapter is ComfyUiAdapter else 0  # go ahead of the submit, each as long as it

    latest_s = LEASE_S + (uploads + 1) * adapter.submit_timeout_s

    assert adapter.settle_s >= latest_s
