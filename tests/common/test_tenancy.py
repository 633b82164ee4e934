"""Tenant tables are never read without saying whose rows are meant."""

import pytest

from accounts.models import ApiKey, Membership
from common.tenancy import ScopeError
from tests.factories import make_key, make_workspace


@pytest.mark.parametrize(
    "query",
    [
        lambda: ApiKey.objects.all(),
        lambda: ApiKey.objects.filter(name="x"),
        lambda: ApiKey.objects.get(pk="key_x"),
        lambda: ApiKey.objects.count(),
        lambda: ApiKey.objects.exists(),
        lambda: ApiKey.objects.create(name="x"),
        lambda: ApiKey.objects.bulk_create([]),
        lambda: ApiKey.objects.update(name="x"),
        lambda: ApiKey.objects.get_queryset(),
        lambda: list(ApiKey.objects.iterator()),
        lambda: ApiKey.objects.in_bulk(),
    ],
)
def test_a_query_without_a_workspace_raises(query):
    with pytest.raises(ScopeError):
        query()


def test_an_empty_workspace_id_is_no_scope():
    with pytest.raises(ScopeError):
        ApiKey.objects.of("")


def test_an_insert_without_a_workspace_raises():
    with pytest.raises(ScopeError):
        ApiKey.objects.insert(id="key_x", name="x")


def test_a_scope_shows_its_own_rows_alone(db):
    ours, theirs = make_workspace(), make_workspace()
    our_key, their_key = make_key(ours), make_key(theirs)

    seen = [row.pk for row in ApiKey.objects.of(ours.id)]
    everybody = {row.pk for row in ApiKey.objects.across_workspaces()}

    assert seen == [our_key.id]
    assert everybody == {our_key.id, their_key.id}


def test_django_itself_works_on_tenant_rows(workspace, owner):
    row = Membership.objects.of(workspace.id).get()

    row.refresh_from_db()
    row.user.refresh_from_db()

    assert row.user.memberships.get() == row
