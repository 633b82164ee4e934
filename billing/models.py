"""The tables of money: plans and packs, accounts and their ledger, grants, usage, and Stripe's facts.

Credits are whole numbers everywhere (1 credit = US$ 0.001 at list price), money is in cents.
"""

from django.db import models
from django.db.models import F, Q

from billing.types import (
    AdjustmentState,
    EntryType,
    EventState,
    GrantKind,
    IntentState,
    LedgerAccount,
)
from common.clock import utc_now
from common.fields import PackedJSONField, id_field
from common.ids import MAX_ID_LENGTH
from common.tenancy import TenantModel


class Plan(models.Model):
    """What a workspace may do and gets each month; staff edit it, a migration brought the first four.

    `key` is the word in `Workspace.plan`. A limit that is null is none at all (`executions_per_day`)
    or set by contract (`seats`). `stripe_price_id` is what Checkout sells; null: not for sale there.
    A plan is never deleted, since workspaces and history name it: `is_offered` hides it.
    """

    key = models.SlugField(primary_key=True, max_length=32)
    name = models.CharField(max_length=60)
    position = models.SmallIntegerField(default=0)
    is_offered = models.BooleanField(default=True)
    monthly_credits = models.BigIntegerField(default=0)
    price_cents = models.IntegerField(
        null=True, blank=True, help_text="US$ a month; empty: by contract."
    )
    requests_per_minute = models.IntegerField()
    executions_per_minute = models.IntegerField()
    executions_per_day = models.IntegerField(null=True, blank=True, help_text="Empty: unlimited.")
    running_at_once = models.IntegerField()
    retention_days = models.IntegerField()
    seats = models.IntegerField(null=True, blank=True, help_text="Empty: by contract.")
    stripe_price_id = models.CharField(max_length=100, null=True, blank=True, unique=True)

    class Meta:
        ordering = ["position", "key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(monthly_credits__gte=0)
                & Q(requests_per_minute__gte=1)
                & Q(executions_per_minute__gte=1)
                & Q(running_at_once__gte=1)
                & Q(retention_days__gte=1)
                & (Q(executions_per_day=None) | Q(executions_per_day__gte=1))
                & (Q(seats=None) | Q(seats__gte=1))
                & (Q(price_cents=None) | Q(price_cents__gte=0)),
                name="plan_figures_in_range",
            )
        ]

    def __str__(self) -> str:
        return self.name


class CreditPack(models.Model):
    """Credits that are bought once and never expire."""

    key = models.SlugField(primary_key=True, max_length=32)
    credits = models.BigIntegerField()
    price_cents = models.IntegerField()
    position = models.SmallIntegerField(default=0)
    is_offered = models.BooleanField(default=True)
    stripe_price_id = models.CharField(max_length=100, null=True, blank=True, unique=True)

    class Meta:
        ordering = ["position", "key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(credits__gte=1) & Q(price_cents__gte=0), name="pack_figures_in_range"
            )
        ]

    def __str__(self) -> str:
        return f"{self.credits:,} credits"


class Account(models.Model):
    """One workspace's credits and its count of the day: the row that every accepted run changes.

    `available` and `held` are kept beside the ledger and always equal its sums; a run holds its
    upper estimate, what completes is captured out of `held`, the rest goes back. `unsettled` are
    credits that were spent (captured) and not yet taken off the grants: oldest expiry first, done
    before grants change. `clawed_back` counts all that was taken back after it may have been spent:
    by so much `available` may be below zero, and by no more.

    `next_expiry_at` is the earliest expiry to come: no hold is made past it before what expired is
    booked. `late` is what has expired but is kept by open holds, to be looked at when one lets go.
    `day` is the UTC day that `day_live` and `day_test` count
    executions of. `renews_at` is when the plan's next monthly credits are due where no
    subscription brings them. While `is_waiting`, none are: the plan's credits come once the owner's
    address is verified, and once for each mailbox (`GrantedMailbox`).
    """

    workspace_id = models.CharField(primary_key=True, max_length=MAX_ID_LENGTH)
    available = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    unsettled = models.BigIntegerField(default=0)
    clawed_back = models.BigIntegerField(default=0)
    late = models.BigIntegerField(default=0)
    next_expiry_at = models.DateTimeField(null=True, blank=True)
    day = models.DateField(null=True, blank=True)
    day_live = models.IntegerField(default=0)
    day_test = models.IntegerField(default=0)
    renews_at = models.DateTimeField(null=True, blank=True)
    is_waiting = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=utc_now, editable=False)

    class Meta:
        indexes = [
            # upkeep: whose credits expire or come next
            models.Index(fields=["next_expiry_at"], name="account_expiring"),
            models.Index(fields=["renews_at"], name="account_renewing"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(held__gte=0), name="account_held_not_negative"),
            models.CheckConstraint(
                condition=Q(available__gte=-F("clawed_back")), name="account_not_overdrawn"
            ),
            models.CheckConstraint(
                condition=Q(unsettled__gte=0) & Q(clawed_back__gte=0) & Q(late__gte=0),
                name="account_totals_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.available} + {self.held} held"


class GrantedMailbox(models.Model):
    """Who has had a plan's credits for nothing, as digests of mailbox and user, and for what."""

    digest = models.CharField(primary_key=True, max_length=64)
    workspace_id = models.CharField(max_length=MAX_ID_LENGTH)
    granted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.digest[:12]}: {self.workspace_id}"


class Grant(TenantModel):
    """A lot of credits that came in at once. `remaining` is exact once the account is settled.

    `key` names the fact behind it (`plan:<workspace>:<day>`, `invoice:<line id>`), so that the same
    fact grants once. `expires_at` null: never, as for what was bought.
    """

    id = id_field()
    workspace = models.ForeignKey(
        "accounts.Workspace", models.DO_NOTHING, related_name="+", db_index=False
    )
    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in GrantKind])
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [
            # settling: a workspace's grants with something left, oldest expiry first
            models.Index(
                fields=["workspace", "expires_at"],
                name="grant_living",
                condition=Q(remaining__gt=0),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=1) & Q(remaining__gte=0) & Q(remaining__lte=F("amount")),
                name="grant_remaining_in_range",
            )
        ]


class LedgerEntry(TenantModel):
    """One leg of a ledger transaction; those of one `key` sum to zero. Never changed, never deleted.

    Triggers refuse UPDATE and DELETE on both databases, and on PostgreSQL a transaction whose legs
    do not sum to zero. `key` names the fact (`hold:<execution>`), so the same fact is booked once.
    `amount` is what the account gains. `execution_id` is the run at the top, for runs of runs too.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", models.DO_NOTHING, related_name="+", db_index=False
    )
    key = models.CharField(max_length=160)
    type = models.CharField(
        max_length=10, choices=[(type_.value, type_.value) for type_ in EntryType]
    )
    account = models.CharField(
        max_length=10, choices=[(account.value, account.value) for account in LedgerAccount]
    )
    amount = models.BigIntegerField()
    execution_id = models.CharField(max_length=MAX_ID_LENGTH, null=True)  # noqa: DJ001 - null: none
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=300, default="")
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        verbose_name_plural = "ledger entries"
        indexes = [
            # statement of a workspace, newest first; folding it
            models.Index(fields=["workspace", "-id"], name="ledger_of_workspace"),
            # what became of a run's hold
            models.Index(
                fields=["execution_id"],
                name="ledger_of_execution",
                condition=Q(execution_id__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["key", "account"], name="ledger_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="ledger_amount_not_zero"),
        ]


class Adjustment(TenantModel):
    """Credits that staff give or take by hand, with a reason.

    Above the threshold it waits for a second member of staff; nobody approves their own.
    """

    id = id_field()
    workspace = models.ForeignKey(
        "accounts.Workspace", models.DO_NOTHING, related_name="+", db_index=False
    )
    amount = models.BigIntegerField(help_text="Credits; negative takes away.")
    reason = models.CharField(max_length=300)
    state = models.CharField(
        max_length=10,
        choices=[(state.value, state.value) for state in AdjustmentState],
        default=AdjustmentState.PENDING,
    )
    asked_by = models.CharField(max_length=80)
    decided_by = models.CharField(max_length=80, default="", blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="adjustment_not_zero"),
            models.CheckConstraint(
                condition=~Q(decided_by=F("asked_by")) | Q(state=AdjustmentState.APPLIED),
                name="adjustment_decided_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} of {self.amount:+,} credits"


class KeyMonth(models.Model):
    """What a key with a monthly cap has spent or holds in a UTC month (`month` is its first day)."""

    id = models.BigAutoField(primary_key=True)
    key_id = models.CharField(max_length=MAX_ID_LENGTH)
    month = models.DateField()
    credits = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key_id", "month"], name="key_month_once"),
            models.CheckConstraint(condition=Q(credits__gte=0), name="key_month_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.key_id} {self.month}: {self.credits}"


class UsageDay(TenantModel):
    """Counters of what was run: one row for each day, mode, workflow, key and model.

    Rows with an empty `model` count runs and all their credits; rows that name a node type with a
    price (`model`) count its runs and credits, in whatever run it stood. The day is the UTC day on
    which the run ended, so past days never change.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", models.DO_NOTHING, related_name="+", db_index=False
    )
    day = models.DateField()
    mode = models.CharField(max_length=4)
    workflow_id = models.CharField(max_length=MAX_ID_LENGTH)
    key_id = models.CharField(max_length=MAX_ID_LENGTH, default="")
    model = models.CharField(max_length=120, default="")
    executions = models.BigIntegerField(default=0)
    credits = models.BigIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            # a report reads a range of days of one workspace
            models.UniqueConstraint(
                fields=["workspace", "day", "mode", "workflow_id", "key_id", "model"],
                name="usage_once",
            )
        ]


class StripeCustomer(models.Model):
    """The one Stripe customer of a workspace. `is_deleted`: deleted at Stripe, staff are to look.

    One worker at a time applies what happened to it: the one whose `lease` stands here, until
    `leased_until`. What it read from Stripe is written only while its lease is still there.
    """

    workspace_id = models.CharField(primary_key=True, max_length=MAX_ID_LENGTH)
    stripe_id = models.CharField(max_length=100, unique=True)
    email = models.CharField(max_length=254, default="", blank=True)
    is_deleted = models.BooleanField(default=False)
    lease = models.CharField(max_length=MAX_ID_LENGTH, default="", editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=utc_now, editable=False)

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.stripe_id}"


class Subscription(TenantModel):
    """A subscription as Stripe last told it; the plan of a workspace follows the one that is live."""

    stripe_id = models.CharField(primary_key=True, max_length=100)
    workspace = models.ForeignKey(
        "accounts.Workspace", models.DO_NOTHING, related_name="+", db_index=False
    )
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="+", null=True)
    status = models.CharField(max_length=24)
    current_period_end = models.DateTimeField(null=True)
    cancel_at_period_end = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["workspace", "status"], name="subscription_of_workspace")]


class StripeEvent(models.Model):
    """An event as it came in, stored before anybody looks into it; applied once, by a worker."""

    stripe_id = models.CharField(primary_key=True, max_length=100)
    type = models.CharField(max_length=100)
    body = PackedJSONField()
    state = models.CharField(
        max_length=8,
        choices=[(state.value, state.value) for state in EventState],
        default=EventState.STORED,
    )
    customer = models.CharField(max_length=100, default="", blank=True)
    note = models.CharField(max_length=300, default="", blank=True)
    tries = models.IntegerField(default=0)
    due_at = models.DateTimeField()
    stripe_created_at = models.DateTimeField()
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # the worker: what is to be applied, the longest due first
            models.Index(
                fields=["due_at"], name="stripe_event_due", condition=Q(state=EventState.STORED)
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"


class CheckoutIntent(TenantModel):
    """Somebody's wish to buy a plan or a pack; its id is our idempotency key at Stripe.

    Asking again for the same thing while it is open gives the same session.
    """

    id = id_field()
    workspace = models.ForeignKey(
        "accounts.Workspace", models.DO_NOTHING, related_name="+", db_index=False
    )
    item = models.CharField(max_length=60)  # plan:<key> or pack:<key>
    state = models.CharField(
        max_length=8,
        choices=[(state.value, state.value) for state in IntentState],
        default=IntentState.OPEN,
    )
    session_id = models.CharField(max_length=100, default="", blank=True)
    session_url = models.TextField(default="", blank=True)
    asked_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            # two tabs share one intent
            models.UniqueConstraint(
                fields=["workspace", "item"],
                name="checkout_intent_open_once",
                condition=Q(state=IntentState.OPEN),
            )
        ]
