"""The audit log: what is in it, and that a change in it shows."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.http import HttpResponse

from accounts.errors import LastOwner
from accounts.models import ApiKey, AuditAnchor, AuditEntry, AuditHead
from accounts.selectors import find_audit_breach, list_audit, list_audited
from accounts.services.audit import MAX_FACT_LENGTH, PLATFORM, anchor_audit, record_audit
from accounts.services.keys import change_api_key, create_api_key, revoke_api_key, roll_api_key
from accounts.services.users import give_access
from accounts.services.workspaces import (
    add_member,
    change_role,
    delete_workspace,
    override_limits,
    remove_member,
    set_plan,
)
from accounts.types import SYSTEM_ACTOR, Actor, AuditBreach, AuditRef, KeyRestrictions, Role
from common.clock import FixedClock
from common.http.origin import note_address
from common.http.request_id import RequestIdMiddleware
from tests.factories import as_actor, make_key, make_user, make_workflow, make_workspace
from tests.flushing import lifted
from workflows.api import change_workflow, delete_workflow, publish_workflow
from workflows.types import WorkflowChanges

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CHAIN = "ws_of_a_test"

pytestmark = pytest.mark.django_db


def record(*, verb="change", before=None, after=None, actor=SYSTEM_ACTOR, now=NOON, chain=CHAIN):
    record_audit(
        actor=actor,
        workspace_id=chain,
        verb=verb,
        object_type="thing",
        object_id="thing_1",
        before=before,
        after=after,
        now=now,
    )


def newest(workspace_id):
    return list_audit(workspace_id, limit=1)[0]


def told(workspace_id):
    """What a workspace's log says, oldest first."""
    return [
        (entry.actor, entry.verb, entry.object_type, entry.object_id)
        for entry in reversed(list_audit(workspace_id))
    ]


def tamper(statement, *params):
    """Do what the triggers are against, as one with all rights on the database could."""
    with lifted(), connection.cursor() as cursor:
        cursor.execute(statement, params)
        assert cursor.rowcount > 0


# --- entries


def test_entries_are_numbered_and_chained():
    for verb in ("create", "change", "delete"):
        record(verb=verb)

    third, second, first = list_audit(CHAIN)
    rows = {row.number: row for row in AuditEntry.objects.filter(workspace_id=CHAIN)}
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert rows[1].previous == ""
    assert (rows[2].previous, rows[3].previous) == (first.digest, second.digest)
    head = AuditHead.objects.get(pk=CHAIN)
    assert (head.number, head.digest) == (3, third.digest)
    assert find_audit_breach(CHAIN) is None


@pytest.mark.parametrize(
    ("kind", "via"),
    [("user", "session"), ("key", "key"), ("staff", "staff"), ("system", "system")],
)
def test_an_entry_says_who_and_by_what_way(kind, via):
    record(actor=Actor(kind, "x_1"))

    assert (newest(CHAIN).actor, newest(CHAIN).via) == (f"{kind}:x_1", via)


def test_a_chain_does_not_touch_another():
    record()
    record(chain="ws_other")
    record(chain=PLATFORM)
    record()

    assert [entry.number for entry in list_audit(CHAIN)] == [2, 1]
    assert [entry.number for entry in list_audit("ws_other")] == [1]
    assert [entry.number for entry in list_audit(PLATFORM)] == [1]


def test_an_entry_goes_with_its_transaction():
    with transaction.atomic():
        record()
        transaction.set_rollback(True)

    assert list_audit(CHAIN) == []
    record()
    assert newest(CHAIN).number == 1


def test_a_long_fact_is_kept_as_its_digest():
    record(before={"text": "x" * MAX_FACT_LENGTH}, after={"text": "short"})

    entry = newest(CHAIN)
    assert set(entry.before) == {"sha256", "bytes"}
    assert entry.after == {"text": "short"}


def test_facts_are_the_same_from_any_database():
    facts = {"float": 1e22, "one": 1.0, "big": 2**60, "list": (1, 2), "text": "é\u2028", "no": None}

    record(after=facts)

    assert newest(CHAIN).after["one"] == "1.0"
    assert find_audit_breach(CHAIN) is None


@pytest.mark.parametrize(
    ("sent", "network"),
    [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("", "")],
)
def test_an_entry_tells_the_network_and_the_request(rf, sent, network):
    entries: list[AuditRef] = []

    def answer(request):
        record()
        entries.append(newest(CHAIN))
        return HttpResponse()

    request = rf.get("/", headers={"X-Request-Id": "req-7"}, REMOTE_ADDR=sent)

    RequestIdMiddleware(answer)(request)

    note_address("")
    assert [(entry.network, entry.request_id) for entry in entries] == [(network, "req-7")]


def test_the_log_is_read_in_pages_and_by_thing():
    for number in range(5):
        record(after=number)
    with transaction.atomic():
        record_audit(
            actor=SYSTEM_ACTOR,
            workspace_id=CHAIN,
            verb="create",
            object_type="other",
            object_id="other_1",
            now=NOON,
        )

    assert [entry.number for entry in list_audit(CHAIN, limit=2)] == [6, 5]
    assert [entry.number for entry in list_audit(CHAIN, before=5, limit=2)] == [4, 3]
    assert [entry.number for entry in list_audit(CHAIN, object_type="other")] == [6]
    assert len(list_audit(CHAIN, object_type="thing", object_id="thing_1")) == 5


# --- what is recorded


def test_keys_leave_their_traces(workspace, owner):
    actor = as_actor(owner)
    key = create_api_key(
        actor=actor, workspace_id=workspace.id, name="k", mode="live", scopes=["read"]
    )
    where = {"actor": actor, "workspace_id": workspace.id, "key_id": key.id}
    change_api_key(**where, restrictions=KeyRestrictions(monthly_cap=5))
    change_api_key(**where, restrictions=KeyRestrictions(monthly_cap=5))
    new = roll_api_key(**where, overlap=timedelta(days=1))
    revoke_api_key(**where)
    revoke_api_key(**where)

    mine = [entry for entry in told(workspace.id) if entry[2] == "api_key"]
    assert mine == [
        (f"user:{owner.id}", verb, "api_key", key.id)
        for verb in ("create", "change", "roll", "revoke")
    ]
    change = next(entry for entry in list_audit(workspace.id) if entry.verb == "change")
    assert change.before == {"name": "k", "monthlyCap": None, "workflows": [], "addresses": []}
    assert change.after == {"name": "k", "monthlyCap": 5, "workflows": [], "addresses": []}
    assert new.id in str(list_audit(workspace.id))


def test_D3_no_secret_and_no_digest_of_a_key_is_in_the_log(workspace):
    key = make_key(workspace)
    new = roll_api_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=key.id)

    text = str(list(AuditEntry.objects.values()))
    hidden = [row.digest for row in ApiKey.objects.of(workspace.id)] + [key.secret, new.secret]
    assert len(hidden) == 4
    assert not [one for one in hidden if one in text]


def test_members_leave_their_traces(workspace, owner):
    user, actor = make_user(), as_actor(owner)
    where = {"actor": actor, "workspace_id": workspace.id, "user_id": user.id}

    add_member(**where, role=Role.VIEWER)
    change_role(**where, role=Role.ADMIN)
    change_role(**where, role=Role.ADMIN)
    remove_member(**where)

    mine = [entry for entry in reversed(list_audit(workspace.id)) if entry.object_id == user.id]
    assert [(entry.verb, entry.before, entry.after) for entry in mine] == [
        ("add", None, "viewer"),
        ("change_role", "viewer", "admin"),
        ("remove", "admin", None),
    ]


def test_A10_a_refused_change_leaves_no_trace(workspace, owner):
    before = told(workspace.id)

    with pytest.raises(LastOwner):
        remove_member(actor=as_actor(owner), workspace_id=workspace.id, user_id=owner.id)

    assert told(workspace.id) == before


def test_workspaces_leave_their_traces(owner):
    workspace = make_workspace(owner=owner)
    set_plan(workspace_id=workspace.id, plan="pro", actor=Actor("staff", "usr_s"))
    set_plan(workspace_id=workspace.id, plan="pro")
    override_limits(actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits={"runningAtOnce": 9})
    delete_workspace(actor=as_actor(owner), workspace_id=workspace.id)

    mine = {entry.verb: entry for entry in list_audit(workspace.id)}
    assert told(workspace.id)[0] == ("system:system", "create", "workspace", workspace.id)
    assert (mine["change_plan"].actor, mine["change_plan"].before, mine["change_plan"].after) == (
        "staff:usr_s",
        "free",
        "pro",
    )
    assert [entry.verb for entry in list_audit(workspace.id)].count("change_plan") == 1
    assert mine["override_limits"].after == {"runningAtOnce": 9}
    assert newest(workspace.id).verb == "delete"
    assert newest(workspace.id).actor == f"user:{owner.id}"


def test_who_is_let_into_the_admin_is_in_the_platforms_log():
    user = make_user()

    give_access(actor=SYSTEM_ACTOR, email=user.email, password="a long password", is_staff=True)

    entry = newest(PLATFORM)
    assert (entry.verb, entry.object_type, entry.object_id) == ("give_access", "user", user.id)
    assert (entry.before["isStaff"], entry.after["isStaff"]) == (False, True)
    assert "a long password" not in str(entry)


def test_workflows_leave_their_traces(workspace, owner):
    workflow, actor = make_workflow(workspace), as_actor(owner)
    where = {"actor": actor, "workspace_id": workspace.id, "workflow_id": workflow.id}
    change_workflow(**where, changes=WorkflowChanges(name="Other"), expected_revision=None)
    change_workflow(
        **where,
        changes=WorkflowChanges(callback_url="https://example.com/in?token=secret"),
        expected_revision=None,
    )
    publish_workflow(**where)
    delete_workflow(**where)

    mine = [entry for entry in reversed(list_audit(workspace.id)) if entry.object_id == workflow.id]
    assert [(entry.actor, entry.verb) for entry in mine] == [
        (f"user:{owner.id}", verb) for verb in ("change_callback", "publish", "delete")
    ]
    assert (mine[0].before, mine[0].after) == ("", "https://example.com/in")
    assert mine[1].after["number"] == 1


# --- tampering


@pytest.fixture
def chain():
    """Five entries, and the anchor of that day."""
    for number in range(5):
        record(after={"number": number})
    anchor_audit(now=NOON)


@pytest.mark.parametrize(
    ("statement", "params", "number", "reason"),
    [
        ("UPDATE accounts_auditentry SET actor = 'user:usr_x' WHERE {}", [3], 3, "was changed"),
        ("UPDATE accounts_auditentry SET after = '{{}}' WHERE {}", [2], 2, "was changed"),
        ("UPDATE accounts_auditentry SET network = '10.0.0.0/24' WHERE {}", [1], 1, "was changed"),
        ("UPDATE accounts_auditentry SET digest = 'x' WHERE {}", [4], 4, "was changed"),
        ("UPDATE accounts_auditentry SET number = 50 WHERE {}", [3], 3, "is missing"),
        ("DELETE FROM accounts_auditentry WHERE {}", [3], 3, "is missing"),
        ("DELETE FROM accounts_auditentry WHERE {}", [1], 1, "is missing"),
        ("DELETE FROM accounts_auditentry WHERE {}", [5], 5, "is missing"),
    ],
)
def test_tampering_is_found_at_the_first_broken_entry(chain, statement, params, number, reason):
    condition = f"workspace_id = '{CHAIN}' AND number = %s"

    tamper(statement.format(condition), *params)

    assert find_audit_breach(CHAIN) == AuditBreach(CHAIN, number, reason)


def test_an_entry_whose_digest_was_made_anew_no_longer_carries_the_next_one(chain):
    forged = AuditEntry.objects.get(workspace_id=CHAIN, number=3)
    forged.actor = "user:usr_x"

    tamper(
        "UPDATE accounts_auditentry SET actor = %s, digest = %s WHERE id = %s",
        forged.actor,
        forged.compute_digest(),
        forged.pk,
    )

    assert find_audit_breach(CHAIN) == AuditBreach(CHAIN, 4, "does not follow from the one before")


def rewrite(chain_id, number, **changes):
    """Forge an entry, and make the whole chain after it anew, its end included."""
    rows = AuditEntry.objects.filter(workspace_id=chain_id, number__gte=number).order_by("number")
    digest = None
    with lifted():
        for row in rows:
            for name, value in changes.items() if row.number == number else ():
                setattr(row, name, value)
            row.previous = row.previous if digest is None else digest
            row.digest = digest = row.compute_digest()
            row.save()
    AuditHead.objects.filter(pk=chain_id).update(digest=digest)


def test_a_chain_that_was_made_anew_does_not_fit_its_anchors(chain):
    rewrite(CHAIN, 5, actor="user:usr_x")

    assert find_audit_breach(CHAIN) == AuditBreach(CHAIN, 5, "is not what was anchored")


def test_a_chain_cut_off_with_its_head_does_not_fit_its_anchors(chain):
    fourth = AuditEntry.objects.get(workspace_id=CHAIN, number=4)
    tamper("DELETE FROM accounts_auditentry WHERE workspace_id = %s AND number = 5", CHAIN)
    AuditHead.objects.filter(pk=CHAIN).update(number=4, digest=fourth.digest)

    assert find_audit_breach(CHAIN) == AuditBreach(CHAIN, 5, "is missing")


def test_a_whole_chain_that_is_gone_is_missed(chain):
    tamper("DELETE FROM accounts_auditentry WHERE workspace_id = %s", CHAIN)
    AuditHead.objects.filter(pk=CHAIN).delete()

    assert CHAIN in list_audited()
    assert find_audit_breach(CHAIN) == AuditBreach(CHAIN, 1, "is missing")


# --- anchors, and the command


def test_anchors_are_taken_once_a_day_of_chains_that_grew():
    clock = FixedClock(NOON)
    record()
    record(chain=PLATFORM)

    assert anchor_audit(now=clock.now()) == 2
    assert anchor_audit(now=clock.now()) == 0
    clock.advance(86_400)
    assert anchor_audit(now=clock.now()) == 0
    record()
    assert anchor_audit(now=clock.now()) == 1
    assert list(
        AuditAnchor.objects.filter(workspace_id=CHAIN).order_by("day").values_list("number")
    ) == [(1,), (2,)]


def verify(*arguments):
    out = StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


def test_the_command_finds_all_whole(chain):
    assert verify() == "1 chains are whole.\n"
    assert verify("--workspace", CHAIN) == "1 chains are whole.\n"


def test_the_command_names_what_is_broken(chain):
    record(chain=PLATFORM)
    tamper("UPDATE accounts_auditentry SET verb = 'x' WHERE workspace_id = %s", PLATFORM)

    assert verify() == "the platform: entry 1 was changed.\n1 of 2 chains are broken."
    assert verify("--workspace", CHAIN) == "1 chains are whole.\n"


def test_anchors_kept_elsewhere_show_what_those_beside_the_log_cannot(chain, tmp_path):
    kept = tmp_path / "anchors.jsonl"
    kept.write_text(verify("--anchors"))
    rewrite(CHAIN, 5, actor="user:usr_x")
    with lifted():
        AuditAnchor.objects.all().delete()

    assert json.loads(kept.read_text())["workspace_id"] == CHAIN
    assert verify() == "1 chains are whole.\n"
    assert f"{CHAIN}: entry 5 is not what was anchored." in verify("--kept", str(kept))


@pytest.mark.parametrize("content", ["{", "[]", '{"day": 1}'])
def test_a_file_that_holds_no_anchors_is_refused(tmp_path, content):
    file = tmp_path / "kept"
    file.write_text(content)

    assert "holds no anchors" in verify("--kept", str(file))


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_nothing_is_recorded():
    with pytest.raises(TransactionManagementError):
        record()

    assert list_audit(CHAIN) == []
