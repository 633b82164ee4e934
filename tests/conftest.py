"""The cast that all tests share, and what is put back between tests."""

from collections.abc import Iterator

import pytest
from django.db import connection

from accounts.api import UserRef, WorkspaceRef
from accounts.services.key_cache import KEY_CACHE
from executor.selectors.provider_terms import forget_terms
from tests.client import ApiClient
from tests.counts import forget_counts
from tests.factories import (
    make_execution,
    make_finished_execution,
    make_key,
    make_member,
    make_published_workflow,
    make_user,
    make_workspace,
)
from tests.flushing import flushing
from workflows.api import WorkflowRef
from workflows.selectors.catalogue import LiveCatalogue, get_catalogue


@pytest.fixture(scope="session", autouse=True)
def _flush_over_triggers(django_db_setup) -> Iterator[None]:
    """Tests with real transactions are cleaned up by a flush that the ledger would refuse."""
    operations = type(connection.ops)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "execute_sql_flush", flushing(operations.execute_sql_flush))
        yield


@pytest.fixture(autouse=True)
def _empty_key_cache() -> Iterator[None]:
    """No key found good in one test is good in the next one."""
    yield
    KEY_CACHE.clear()


@pytest.fixture(autouse=True)
def _nothing_known_of_providers() -> Iterator[None]:
    """No provider that is off, full or blocked in one test is so in the next one."""
    yield
    forget_terms()


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    """No request of one test counts in a window of the next one."""
    yield
    forget_counts()


@pytest.fixture(scope="session", autouse=True)
def _no_session_left(django_db_setup, django_db_blocker) -> Iterator[None]:
    """End what pooled threads still hold open, or PostgreSQL refuses to drop the test database."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture
def staff_catalogue(db, settings) -> Iterator[LiveCatalogue]:
    """The catalogue as it follows what staff change, looked at anew at every call."""
    settings.CATALOGUE_CHECK_S = 1e-6
    get_catalogue.cache_clear()
    yield get_catalogue
    get_catalogue.cache_clear()


@pytest.fixture
def owner(db) -> UserRef:
    """The owner of `workspace`."""
    return make_user(email="owner@example.com")


@pytest.fixture
def workspace(owner: UserRef) -> WorkspaceRef:
    """The workspace that a test is about."""
    return make_workspace(owner=owner)


@pytest.fixture
def member(workspace: WorkspaceRef) -> UserRef:
    """An editor in `workspace`."""
    return make_member(workspace)


@pytest.fixture
def key(workspace: WorkspaceRef) -> str:
    """The secret of a live key of `workspace` with every scope."""
    return make_key(workspace).secret


@pytest.fixture
def api(key: str) -> ApiClient:
    """A client that sends `key`."""
    return ApiClient(key)


@pytest.fixture
def stranger(db) -> UserRef:
    """The owner of `stranger_workspace`, with no place in `workspace`."""
    return make_user(email="stranger@example.com")


@pytest.fixture
def stranger_workspace(stranger: UserRef) -> WorkspaceRef:
    """A workspace that must never meet `workspace`."""
    return make_workspace(owner=stranger, name="Elsewhere")


@pytest.fixture
def stranger_key(stranger_workspace: WorkspaceRef) -> str:
    """The secret of a live key of `stranger_workspace` with every scope."""
    return make_key(stranger_workspace).secret


@pytest.fixture
def workflow(workspace: WorkspaceRef) -> WorkflowRef:
    """A published workflow of `workspace`."""
    return make_published_workflow(workspace)


@pytest.fixture
def execution_id(workflow: WorkflowRef) -> str:
    """A run that nobody has begun."""
    return make_execution(workflow).execution_id


@pytest.fixture
def finished_id(workflow: WorkflowRef) -> str:
    """A run that is over."""
    return make_finished_execution(workflow).execution_id
