"""The staff's pages of providers: how they may be used, who is refused, how they do."""

from datetime import timedelta
from itertools import count

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from common.clock import utc_now
from common.ids import new_id
from executor.models import Attempt, ProviderBlock, ProviderSetting
from executor.selectors.provider_terms import forget_terms, get_terms
from executor.services.provider_blocks import block_account
from tests.factories import make_execution

SETTING = "admin:executor_providersetting"
HEALTH = "admin:executor_provider_health"
TERMS = {"provider": "fal", "max_jobs": "", "max_jobs_per_account": "", "own_key_fee": "0"}


@pytest.fixture
def staff(db) -> Client:
    forget_terms()
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "correct horse battery"))
    return client


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    forget_terms()


def post(client: Client, page: str, *args: object, **fields: str):
    return client.post(reverse(page, args=args), {**TERMS, **fields})


def test_staff_decide_how_a_provider_is_used(staff, django_capture_on_commit_callbacks) -> None:
    get_terms()

    with django_capture_on_commit_callbacks(execute=True):
        response = post(staff, f"{SETTING}_add", is_off="on", max_jobs="7", own_key_fee="3")

    terms, entry = get_terms().of("fal"), AuditEntry.objects.get(object_type="provider")
    assert response.status_code == 302
    assert (terms.is_off, terms.max_jobs, terms.max_jobs_per_account, terms.fee) == (
        True,
        7,
        None,
        3,
    )
    assert (entry.verb, entry.object_id, entry.after["fee"]) == ("change", "fal", 3)
    post(staff, f"{SETTING}_change", "fal", max_jobs_per_account="2")
    assert ProviderSetting.objects.get().max_jobs_per_account == 2
    assert AuditEntry.objects.filter(object_type="provider").latest("id").before["is_off"] is True


@pytest.mark.parametrize(
    "fields",
    [
        {"provider": "nobody"},
        {"max_jobs": "0"},
        {"max_jobs_per_account": "-1"},
        {"own_key_fee": "-1"},
        {"own_key_fee": "1000001"},
        {"own_key_fee": ""},
    ],
)
def test_figures_that_mean_nothing_come_back(staff, fields) -> None:
    response = post(staff, f"{SETTING}_add", **fields)

    assert response.status_code == 200
    assert not ProviderSetting.objects.exists()


def test_a_provider_has_one_row(staff) -> None:
    post(staff, f"{SETTING}_add")

    response = post(staff, f"{SETTING}_add", own_key_fee="5")

    assert "It has its settings" in response.content.decode()
    assert ProviderSetting.objects.get().own_key_fee == 0


def test_staff_have_a_refused_account_tried_again(staff) -> None:
    block_account(provider="fal", account="", message="no credit left")
    block = ProviderBlock.objects.get()
    page = reverse("admin:executor_providerblock_changelist")
    assert "no credit left" in staff.get(page).content.decode()

    staff.post(page, {"action": "lift", "_selected_action": [block.pk]})
    staff.post(page, {"action": "lift", "_selected_action": [block.pk]})

    block.refresh_from_db()
    assert block.closed_at is not None
    assert AuditEntry.objects.filter(verb="unblock").count() == 1


@pytest.fixture
def attempts(workflow) -> None:
    """Ten tries at fal: eight done in 1 to 8 seconds, one refused, one unknown."""
    run, numbers, now = make_execution(workflow).execution_id, count(), utc_now()
    for second in range(1, 9):
        _attempt(run, next(numbers), "done", now, took_s=second, cost_micros=20_000)
    _attempt(run, next(numbers), "failed", now, error={"code": "content_policy"})
    _attempt(run, next(numbers), "unknown", now)
    _attempt(run, next(numbers), "done", now - timedelta(days=3), took_s=1)


def _attempt(run: str, number: int, state: str, now, *, took_s: int = 0, **fields) -> None:
    Attempt.objects.create(
        id=new_id("att"),
        execution_id=run,
        workspace_id="ws_x",
        task_id="task_x",
        node_id="n",
        number=number,
        provider="fal",
        model="fal-ai/x",
        model_key="house-painter",
        state=state,
        client_ref=f"ref{number}",
        callback_token=f"token{number}",
        request_digest="",
        created_at=now,
        submitted_at=now,
        finished_at=now + timedelta(seconds=took_s),
        **fields,
    )


def test_the_health_of_providers_and_models_is_shown(staff, attempts) -> None:
    block_account(provider="kling", account="", message="key is not valid")

    page = staff.get(reverse(HEALTH), {"span": "day"}).content.decode()
    month = staff.get(reverse(HEALTH), {"span": "month"}).content.decode()

    for part in ("content_policy: 1", "house-painter", "$0.1600", "key is not valid", "8.0", "5.0"):
        assert part in page, part
    assert "<td>10</td>" in page
    assert "<td>11</td>" in month


def test_a_quiet_platform_and_an_odd_span_have_a_page_as_well(staff) -> None:
    page = staff.get(reverse(HEALTH), {"span": "century"})

    assert page.status_code == 200
    assert "No model was run" in page.content.decode()


@pytest.mark.parametrize(
    ("permission", "status"), [("view_providersetting", 200), ("view_attempt", 403)]
)
def test_health_is_for_those_who_may_see_providers(db, permission, status) -> None:
    user = User.objects.create_user("aide@example.com", "correct horse battery", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename=permission))
    client = Client()
    client.force_login(user)

    assert client.get(reverse(HEALTH)).status_code == status
    assert client.post(reverse(f"{SETTING}_add"), TERMS).status_code == 403
