"""What to do about a submit whose outcome nobody knows, by what the provider offers (TRUST.md 3.2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from executor.providers.base import Adapter, OutcomeClass

# A callback that comes while its task is being laid aside wakes nobody: the row is looked at again.
HEAR_AGAIN_S = 60.0


class Act(Enum):
    """What comes next."""

    RESEND = auto()  # the same request with the same key
    LOOK_UP = auto()
    WAIT = auto()
    GIVE_UP = auto()  # never to be known: the node fails, and nothing is sent again


@dataclass(frozen=True, slots=True)
class Lost:
    """What is known of such a submit; `can_be_called` says that the provider was told where."""

    outcome_class: OutcomeClass
    first_sent_at: datetime
    sent_at: datetime
    give_up_at: datetime
    is_called_back: bool
    can_be_called: bool = True


@dataclass(frozen=True, slots=True)
class NextAct:
    """An act, and for `WAIT` until when."""

    act: Act
    until: datetime | None = None


def next_act(adapter: type[Adapter], lost: Lost, now: datetime) -> NextAct:
    """Say what to do about a lost submit now. Pure."""
    match lost.outcome_class:
        case OutcomeClass.A:
            expires_at = lost.first_sent_at + timedelta(seconds=adapter.key_lifetime_s)
            is_safe = now < min(expires_at, lost.give_up_at)
            return NextAct(Act.RESEND if is_safe else Act.GIVE_UP)
        case OutcomeClass.B:
            settled_at = lost.sent_at + timedelta(seconds=adapter.settle_s)
            return NextAct(Act.WAIT, settled_at) if now < settled_at else NextAct(Act.LOOK_UP)
        case OutcomeClass.C:
            if lost.is_called_back:
                return NextAct(Act.LOOK_UP)
            if lost.can_be_called and now < lost.give_up_at:
                again_at = now + timedelta(seconds=HEAR_AGAIN_S)
                return NextAct(Act.WAIT, min(again_at, lost.give_up_at))
            return NextAct(Act.GIVE_UP)
        case OutcomeClass.D:
            return NextAct(Act.GIVE_UP)
