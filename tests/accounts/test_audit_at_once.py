"""Many who change one workspace at the same moment: one chain without a gap, and an owner left."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.db import connection, transaction

from accounts.errors import LastOwner
from accounts.models import AuditEntry, AuditHead, Membership
from accounts.selectors import find_audit_breach
from accounts.services.audit import record_audit
from accounts.services.workspaces import change_role
from accounts.types import SYSTEM_ACTOR, Role
from common.clock import utc_now
from tests.factories import as_actor, make_member, make_user, make_workspace

THREADS, EACH = 8, 12
CHAIN = "ws_of_many"

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(work, count):
    """Call `work(number)` in as many threads, started together; return what each one gave."""
    gate = threading.Barrier(count)

    def one(number):
        gate.wait(timeout=30)
        with closing(connection):
            return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_eight_who_write_at_once_make_one_chain_without_a_gap():
    def write(number):
        for turn in range(EACH):
            with transaction.atomic():
                record_audit(
                    actor=SYSTEM_ACTOR,
                    workspace_id=CHAIN,
                    verb="change",
                    object_type="thing",
                    object_id=f"thing_{number}",
                    after=turn,
                    now=utc_now(),
                )

    at_once(write, THREADS)

    entries = AuditEntry.objects.filter(workspace_id=CHAIN).order_by("number")
    assert [entry.number for entry in entries] == list(range(1, THREADS * EACH + 1))
    for number in range(THREADS):
        turns = [entry.after for entry in entries if entry.object_id == f"thing_{number}"]
        assert turns == list(range(EACH))
    assert AuditHead.objects.get(pk=CHAIN).number == THREADS * EACH
    assert find_audit_breach(CHAIN) is None


def test_A10_of_two_owners_who_demote_each_other_at_once_one_stays():
    first = make_user()
    workspace = make_workspace(owner=first)
    second = make_member(workspace, role=Role.OWNER)
    pairs = [(first, second), (second, first)]

    def demote(number):
        by, whom = pairs[number]
        try:
            change_role(
                actor=as_actor(by), workspace_id=workspace.id, user_id=whom.id, role=Role.EDITOR
            )
        except Exception as error:  # noqa: BLE001 - which one comes second is chance
            return type(error).__name__
        return "done"

    answers = at_once(demote, 2)

    # The one who comes second is no owner any more, and so may not.
    roles = sorted(Membership.objects.of(workspace.id).values_list("role", flat=True))
    assert sorted(answers) == ["RoleTooLow", "done"]
    assert roles == [Role.EDITOR, Role.OWNER]
    assert find_audit_breach(workspace.id) is None


def test_A10_an_owner_who_demotes_himself_twice_at_once_stays_if_he_is_the_last():
    owner = make_user()
    workspace = make_workspace(owner=owner)

    def leave(_):
        try:
            change_role(
                actor=as_actor(owner), workspace_id=workspace.id, user_id=owner.id, role=Role.ADMIN
            )
        except LastOwner:
            return "refused"
        return "done"

    assert at_once(leave, 2) == ["refused", "refused"]
