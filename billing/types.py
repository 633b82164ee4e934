"""The words of `billing`: what plans allow, what a run asks for, how credits move."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What a workspace may do: its plan's figures, with what staff granted beyond them.

    None: no limit; of a plan's `seats`, by contract. `retention_days`: for how long finished runs
    and their files are kept.
    """

    requests_per_minute: int
    executions_per_minute: int
    executions_per_day: int | None
    running_at_once: int
    retention_days: int
    seats: int | None


LIMIT_FIELDS = tuple(field.name for field in fields(PlanLimits))


class LedgerAccount(StrEnum):
    """The accounts of a workspace's ledger: the first two are its own, the others our counterparts."""

    AVAILABLE = "available"
    HELD = "held"
    SALES = "sales"
    GRANTS = "grants"
    PURCHASES = "purchases"
    EXPIRED = "expired"
    CLAWBACK = "clawback"
    LOSS = "loss"


class EntryType(StrEnum):
    """What a ledger transaction stands for."""

    GRANT = "grant"  # grants → available
    PURCHASE = "purchase"  # purchases → available
    HOLD = "hold"  # available → held
    CAPTURE = "capture"  # held → sales
    RELEASE = "release"  # held → available
    REFUND = "refund"  # sales → available
    EXPIRE = "expire"  # available → expired
    CLAWBACK = "clawback"  # available → clawback
    ADJUST = "adjust"  # loss → available, or back


class GrantKind(StrEnum):
    """Where a lot of credits comes from."""

    PLAN = "plan"
    PURCHASE = "purchase"
    STAFF = "staff"
    REFUND = "refund"


class AdjustmentState(StrEnum):
    """What became of what staff asked for."""

    PENDING = "pending"
    APPLIED = "applied"
    REFUSED = "refused"


# Statuses at Stripe in which a subscription sets the plan and brings its credits.
LIVE_SUBSCRIPTIONS = frozenset({"active", "trialing", "past_due"})


class EventState(StrEnum):
    """What became of a stored Stripe event. `failed`: given up after many tries, for staff."""

    STORED = "stored"
    APPLIED = "applied"
    IGNORED = "ignored"
    FAILED = "failed"


class IntentState(StrEnum):
    """What became of a wish to buy."""

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class NodePrice:
    """One node's share of an estimate, as the breakdown of a 402 shows it."""

    node_id: str
    type: str
    label: str
    credits: int
    quantity: int

    def as_json(self) -> dict[str, object]:
        """Return the item of `nodes`."""
        return {
            "nodeId": self.node_id,
            "type": self.type,
            "label": self.label,
            "credits": self.credits,
            "quantity": self.quantity,
        }


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What an accepted run takes from its workspace: one execution of the day, and a hold.

    `credits` is the upper estimate (0 for a test run). `key_cap` is the monthly cap of the key
    behind it, None where it has none.
    """

    workspace_id: str
    execution_id: str
    mode: str
    credits: int
    actor: str
    key_id: str | None = None
    key_cap: int | None = None


@dataclass(frozen=True, slots=True)
class BalanceRef:
    """A workspace's credits. `renews_at`: when the plan's next credits come, None if they do not."""

    available: int
    held: int
    renews_at: datetime | None


class UsageGroup(StrEnum):
    """What a report of usage is broken down by."""

    DAY = "day"
    WORKFLOW = "workflow"
    KEY = "key"
    MODEL = "model"


@dataclass(frozen=True, slots=True, order=True)
class UsageSlot:
    """One counter of usage: see `UsageDay`. Their order is the one in which rows are locked.

    `key_id` is empty for a run without a key, `model` for the counter of runs themselves.
    """

    workspace_id: str
    day: date
    mode: str
    workflow_id: str
    key_id: str
    model: str = ""

    def group(self, by: UsageGroup) -> str:
        """Return what the counter is filed under in a report."""
        match by:
            case UsageGroup.DAY:
                return self.day.isoformat()
            case UsageGroup.WORKFLOW:
                return self.workflow_id
            case UsageGroup.KEY:
                return self.key_id
            case UsageGroup.MODEL:
                return self.model


@dataclass(frozen=True, slots=True)
class Used:
    """How much was run, and what it cost."""

    executions: int = 0
    credits: int = 0

    def __add__(self, other: "Used") -> "Used":
        return Used(self.executions + other.executions, self.credits + other.credits)


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """Which usage is asked for: of a workspace's mode, on days from `first` to `last` inclusive.

    `workflows` are the only ones to be told of; empty for all.
    """

    workspace_id: str
    mode: str
    first: date
    last: date
    by: UsageGroup = UsageGroup.DAY
    workflows: frozenset[str] = frozenset()

    def takes(self, slot: UsageSlot) -> bool:
        """Say whether a counter belongs into the report: of models, or of runs."""
        of_models = self.by is UsageGroup.MODEL
        return (
            slot.workspace_id == self.workspace_id
            and slot.mode == self.mode
            and self.first <= slot.day <= self.last
            and bool(slot.model) is of_models
            and (not self.workflows or slot.workflow_id in self.workflows)
        )


@dataclass(frozen=True, slots=True)
class OfferRef:
    """A plan or a pack, as pages show it. `price_cents` None: by contract; packs have no limits."""

    item: str
    name: str
    credits: int
    price_cents: int | None
    is_for_sale: bool
    limits: PlanLimits | None = None

    @property
    def price(self) -> str:
        """The price in dollars, `12.00`; empty by contract."""
        return "" if self.price_cents is None else f"{self.price_cents / 100:,.2f}"


@dataclass(frozen=True, slots=True)
class SubscriptionRef:
    """A live subscription; `cancels`: it ends with its period."""

    plan_name: str
    status: str
    period_end: datetime | None
    cancels: bool


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A change of what a workspace has available."""

    at: datetime
    type: str
    credits: int
    reason: str
