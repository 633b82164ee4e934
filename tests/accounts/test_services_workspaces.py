"""Workspaces and their members."""

import pytest
from django.db import IntegrityError, transaction

from accounts.errors import AlreadyMember, LastOwner, MemberNotFound, RoleTooLow, WorkspaceNotFound
from accounts.models import Membership, User, Workspace
from accounts.selectors import (
    get_membership_role,
    get_workspace,
    get_workspace_ref,
    list_workspaces_of,
)
from accounts.services.workspaces import (
    add_member,
    change_role,
    create_workspace,
    delete_workspace,
    remove_member,
)
from accounts.types import SYSTEM_ACTOR, Actor, Role
from common.errors import InvalidInputs
from common.ids import is_id
from tests.factories import as_actor, make_member, make_user, make_workspace


def role_of(workspace, user):
    return get_membership_role(workspace_id=workspace.id, user_id=user.id)


def test_a_workspace_starts_with_its_owner(owner):
    workspace = create_workspace(
        actor=SYSTEM_ACTOR, name=" Studio ", owner_email="OWNER@example.com", plan="pro"
    )

    assert is_id(workspace.id, "ws")
    assert (workspace.name, workspace.plan) == ("Studio", "pro")
    assert get_workspace(workspace.id) == workspace
    assert role_of(workspace, owner) is Role.OWNER
    assert [(m.workspace, m.role) for m in list_workspaces_of(owner.id)] == [
        (workspace, Role.OWNER)
    ]


def test_an_unknown_owner_becomes_a_user_without_a_password(db):
    create_workspace(actor=SYSTEM_ACTOR, name="Studio", owner_email="New@example.com")

    user = User.objects.get()
    assert user.email == "new@example.com"
    assert not user.has_usable_password()


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("name", "", "/name"),
        ("name", "a\x00b", "/name"),
        ("name", "x" * 10_000, "/name"),
        ("name", "\u202eoidutS", "/name"),
        ("owner_email", "nobody", "/email"),
        ("plan", "Pro!", "/plan"),
        ("plan", "", "/plan"),
    ],
)
def test_A12_bad_fields_of_a_workspace_are_refused(db, field, value, path):
    fields = {"name": "Studio", "owner_email": "a@example.com", field: value}

    with pytest.raises(InvalidInputs) as caught:
        create_workspace(actor=SYSTEM_ACTOR, **fields)

    assert [issue.path for issue in caught.value.issues] == [path]
    assert not Workspace.objects.exists()
    assert not User.objects.exists()


def test_the_database_refuses_an_unknown_role(workspace, owner):
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.of(workspace.id).update(role="king")


def test_an_admin_adds_members_up_to_the_own_role(workspace):
    admin, user = make_member(workspace, role=Role.ADMIN), make_user()

    with pytest.raises(RoleTooLow):
        add_member(
            actor=as_actor(admin), workspace_id=workspace.id, user_id=user.id, role=Role.OWNER
        )
    add_member(actor=as_actor(admin), workspace_id=workspace.id, user_id=user.id, role=Role.ADMIN)

    assert role_of(workspace, user) is Role.ADMIN


def test_an_editor_adds_nobody(workspace, member, stranger):
    with pytest.raises(RoleTooLow):
        add_member(
            actor=as_actor(member), workspace_id=workspace.id, user_id=stranger.id, role=Role.VIEWER
        )


def test_a_key_adds_nobody(workspace, stranger):
    with pytest.raises(RoleTooLow):
        add_member(
            actor=Actor("key", "key_x"),
            workspace_id=workspace.id,
            user_id=stranger.id,
            role=Role.VIEWER,
        )


def test_T1_a_workspace_of_others_answers_as_one_that_is_not(workspace, stranger):
    def refusal(workspace_id):
        with pytest.raises(WorkspaceNotFound) as caught:
            add_member(
                actor=as_actor(stranger),
                workspace_id=workspace_id,
                user_id=stranger.id,
                role=Role.VIEWER,
            )
        return caught.value

    foreign, unknown = refusal(workspace.id), refusal("ws_unknown")

    assert (foreign.status, foreign.code, foreign.detail) == (404, "not_found", unknown.detail)


def test_a_member_is_added_once(workspace, owner, member):
    with pytest.raises(AlreadyMember):
        add_member(
            actor=as_actor(owner), workspace_id=workspace.id, user_id=member.id, role=Role.VIEWER
        )

    assert role_of(workspace, member) is Role.EDITOR


def test_an_unknown_user_is_not_added(workspace, owner):
    with pytest.raises(MemberNotFound):
        add_member(
            actor=as_actor(owner), workspace_id=workspace.id, user_id="usr_x", role=Role.VIEWER
        )


def test_an_owner_changes_a_role(workspace, owner, member):
    change_role(
        actor=as_actor(owner), workspace_id=workspace.id, user_id=member.id, role=Role.ADMIN
    )

    assert role_of(workspace, member) is Role.ADMIN


def test_an_admin_does_not_touch_an_owner(workspace, owner):
    admin = make_member(workspace, role=Role.ADMIN)

    with pytest.raises(RoleTooLow):
        change_role(
            actor=as_actor(admin), workspace_id=workspace.id, user_id=owner.id, role=Role.VIEWER
        )
    with pytest.raises(RoleTooLow):
        remove_member(actor=as_actor(admin), workspace_id=workspace.id, user_id=owner.id)


def test_A10_the_last_owner_stays(workspace, owner, member):
    with pytest.raises(LastOwner):
        change_role(
            actor=as_actor(owner), workspace_id=workspace.id, user_id=owner.id, role=Role.ADMIN
        )
    with pytest.raises(LastOwner):
        remove_member(actor=as_actor(owner), workspace_id=workspace.id, user_id=owner.id)

    assert role_of(workspace, owner) is Role.OWNER


def test_A10_with_a_second_owner_the_first_one_may_go(workspace, owner):
    second = make_member(workspace, role=Role.OWNER)

    remove_member(actor=as_actor(second), workspace_id=workspace.id, user_id=owner.id)

    assert role_of(workspace, owner) is None


def test_the_role_of_somebody_who_is_no_member_cannot_change(workspace, owner, stranger):
    with pytest.raises(MemberNotFound):
        change_role(
            actor=as_actor(owner), workspace_id=workspace.id, user_id=stranger.id, role=Role.VIEWER
        )


def test_an_inactive_user_has_no_role(workspace, member):
    User.objects.filter(pk=member.id).update(is_active=False)

    assert role_of(workspace, member) is None


def test_a_deleted_workspace_is_gone_for_everybody_but_its_ref(workspace, owner):
    delete_workspace(actor=as_actor(owner), workspace_id=workspace.id)

    with pytest.raises(WorkspaceNotFound):
        get_workspace(workspace.id)
    with pytest.raises(WorkspaceNotFound):
        make_member(workspace)
    ref = get_workspace_ref(workspace.id)
    assert ref is not None
    assert ref.deleted_at is not None
    assert role_of(workspace, owner) is None
    assert list_workspaces_of(owner.id) == []


def test_only_owners_delete_a_workspace(workspace):
    admin = make_member(workspace, role=Role.ADMIN)

    with pytest.raises(RoleTooLow):
        delete_workspace(actor=as_actor(admin), workspace_id=workspace.id)


def test_a_workspace_that_never_was_has_no_ref(db):
    assert get_workspace_ref("ws_unknown") is None


def test_somebody_of_two_workspaces_has_a_role_in_each(owner):
    first, second = make_workspace(owner=owner), make_workspace()

    add_member(actor=SYSTEM_ACTOR, workspace_id=second.id, user_id=owner.id, role=Role.VIEWER)

    assert [(m.workspace.id, m.role) for m in list_workspaces_of(owner.id)] == [
        (first.id, Role.OWNER),
        (second.id, Role.VIEWER),
    ]
