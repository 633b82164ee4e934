"""Random programs on the ledger, each step held against a model of single credits.

`LEDGER_PROGRAMS=20000 pytest tests/billing/test_ledger_programs.py` runs as many.
"""

import os
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.api import Actor
from billing.errors import InsufficientCredits
from billing.models import KeyMonth
from billing.selectors.checks import check_ledger
from billing.services.adjustments import request_adjustment
from billing.services.clawbacks import claw_back
from billing.services.grants import NewGrant, add_grant, expire_due
from billing.services.refunds import refund_run
from billing.services.renewals import expire_all_due
from billing.services.runs import CappedKey, Capture, month_of, reserve_run, settle_run
from billing.types import GrantKind, RunRequest
from common.errors import InvalidInputs
from tests.billing.ledger_model import Model, Refused
from tests.factories import make_workspace

PROGRAMS = int(os.environ.get("LEDGER_PROGRAMS", "200"))
BEGINNING = datetime(2026, 1, 30, 12, tzinfo=UTC)
STAFF = Actor("staff", "usr_1")
CAP = 60
KINDS = (GrantKind.PLAN, GrantKind.PURCHASE, GrantKind.STAFF)

amounts = st.integers(1, 40)
facts = st.integers(0, 2)
runs = st.integers(0, 3)
holding = st.tuples(st.just("hold"), st.integers(0, 30), st.booleans())
waiting = st.tuples(st.just("wait"), st.integers(6, 36))
ending = st.tuples(st.just("end"), runs, st.integers(0, 40))
expiring = st.tuples(st.just("expire"), st.booleans())
steps = st.one_of(
    holding,
    holding,
    waiting,
    waiting,
    ending,
    ending,
    expiring,
    st.tuples(st.just("grant"), facts, amounts, st.none() | st.integers(-1, 3)),
    st.tuples(st.just("capture"), runs, amounts),
    st.tuples(st.just("claw_back"), facts, st.integers(10, 90), facts),
    st.tuples(st.just("refund"), runs, facts, amounts),
    st.tuples(st.just("adjust"), st.integers(-40, -1) | st.integers(1, 40)),
)
# Most programs would end before anything meets anything, so all begin with something to spend.
programs = st.builds(
    lambda first, second, then: [("grant", 0, *first), ("grant", 1, *second), *then],
    st.tuples(st.integers(20, 60), st.integers(1, 2)),
    st.tuples(st.integers(20, 60), st.none() | st.integers(1, 3)),
    st.lists(steps, min_size=10, max_size=24),
)


class Machine:
    """Does each step to the ledger and to the model."""

    def __init__(self, workspace_id):
        self.workspace_id = workspace_id
        self.model = Model()
        self.now = BEGINNING
        self.captures = 0

    def run_names(self):
        return list(self.model.runs)

    def pick(self, number):
        names = self.run_names()
        return names[number % len(names)] if names else None

    def grant(self, fact, amount, days):
        expires_at = None if days is None else self.now + timedelta(days=days)
        key = f"grant {fact}"
        new = NewGrant(key, KINDS[fact], amount, expires_at)

        done = add_grant(workspace_id=self.workspace_id, grant=new, actor="test", now=self.now)

        assert done == self.model.grant(key, amount, expires_at)

    def hold(self, amount, is_capped):
        run = f"run {len(self.model.runs)}"
        key, cap = ("key", CAP) if is_capped else (None, None)
        request = RunRequest(self.workspace_id, run, "live", amount, "test", key, cap)

        def real():
            reserve_run(request, now=self.now)

        self.both(real, lambda: self.model.hold(run, amount, self.now, cap))

    def capture(self, number, amount):
        run = self.pick(number)
        if run is not None and (amount := min(amount, self.model.runs[run].held)):
            self.settle(run, amount, 0)
            self.model.capture(run, amount)

    def end(self, number, amount):
        run = self.pick(number)
        if run is None:
            return
        held = self.model.runs[run].held
        amount = min(amount, held)
        self.settle(run, amount, held - amount)
        self.model.capture(run, amount)
        self.model.release(run)

    def settle(self, run, amount, released):
        self.captures += 1
        month = self.model.runs[run].month
        settle_run(
            workspace_id=self.workspace_id,
            execution_id=run,
            captures=[Capture(f"{run} {self.captures}", amount)] if amount else [],
            released=released,
            capped=None if month is None else CappedKey("key", month_of(month)),
            now=self.now,
        )

    def wait(self, hours):
        self.now += timedelta(hours=hours)

    def expire(self, all_accounts):
        if all_accounts:
            gone = expire_all_due(now=self.now)
        else:
            gone = expire_due(workspace_id=self.workspace_id, now=self.now)

        assert gone == self.model.expire(self.now)

    def claw_back(self, fact, amount, granted):
        key, grant_key = f"dispute {fact}", f"grant {granted}"

        done = claw_back(
            workspace_id=self.workspace_id,
            key=key,
            amount=amount,
            grant_key=grant_key,
            now=self.now,
        )

        assert done == self.model.claw_back(key, amount, grant_key)

    def refund(self, number, fact, amount):
        run, key = self.pick(number), f"sorry {fact}"
        if run is None:
            return

        def real():
            return refund_run(
                actor=STAFF,
                workspace_id=self.workspace_id,
                execution_id=run,
                key=key,
                amount=amount,
                reason="sorry",
                now=self.now,
            )

        self.both(real, lambda: self.model.refund(run, key, amount))

    def adjust(self, amount):
        def real():
            return request_adjustment(
                actor=STAFF,
                workspace_id=self.workspace_id,
                amount=amount,
                reason="because",
                now=self.now,
            )

        if amount > 0:
            self.model.grant(f"adjust:{real().id}", amount, None)
        else:
            self.both(real, lambda: self.model.take_away(-amount))

    def both(self, real, expected):
        """Do both; either both refuse, and nothing changed, or both agree."""
        try:
            wanted = expected()
        except Refused:
            with pytest.raises((InsufficientCredits, InvalidInputs)), transaction.atomic():
                real()
            return
        with transaction.atomic():
            found = real()
        if isinstance(wanted, bool):
            assert found == wanted

    def check(self):
        available, held, unsettled, clawed_back = self.rows(
            "SELECT available, held, unsettled, clawed_back FROM billing_account"
        )[0]
        sums = dict(self.rows("SELECT account, SUM(amount) FROM billing_ledgerentry", "account"))

        assert (available, held) == (self.model.available, self.model.held)
        assert (sums.get("available", 0), sums.get("held", 0)) == (available, held)
        assert sum(sums.values()) == 0
        assert self.left(unsettled) == self.model.left()
        assert available >= -clawed_back == -self.model.clawed_back

    def left(self, unsettled):
        """What is left of each grant, with what was spent and is not settled taken off."""
        grants = self.rows("SELECT id, key, expires_at, remaining FROM billing_grant")
        found = {}
        for _, key, _, remaining in sorted(
            grants, key=lambda row: (row[2] is None, row[2], row[0])
        ):
            part = min(remaining, unsettled)
            unsettled -= part
            if remaining > part:
                found[key] = remaining - part
        return found

    def rows(self, select, group=None):
        """The workspace's rows, past Django's queries: they would take most of the time."""
        with connection.cursor() as cursor:
            tail = f" GROUP BY {group}" if group else ""
            cursor.execute(f"{select} WHERE workspace_id = %s{tail}", [self.workspace_id])
            return cursor.fetchall()

    def check_at_end(self):
        months = {row.month: row.credits for row in KeyMonth.objects.filter(credits__gt=0)}
        expected = {month_of(at): sum_ for at, sum_ in self.model.of_key.items() if sum_}

        assert months == expected
        assert [finding for finding in check_ledger() if finding.broken] == []
        if connection.vendor == "postgresql":
            connection.check_constraints()


@pytest.fixture
def empty(db):
    """The id of a workspace without credits, whose plan allows any number of runs."""
    return make_workspace(plan="enterprise", credits=0).id


@given(program=programs)
@settings(
    max_examples=PROGRAMS,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_s12_every_program_leaves_the_credits_that_single_credits_would(empty, program):
    with transaction.atomic():
        machine = Machine(empty)
        for step, *figures in program:
            getattr(machine, step)(*figures)
            machine.check()
        machine.check_at_end()
        transaction.set_rollback(True)
