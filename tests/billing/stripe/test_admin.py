"""The staff's view of Stripe."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.models import StripeEvent
from billing.types import EventState


@pytest.fixture
def staff(db) -> Client:
    """A signed-in superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "correct horse battery"))
    return client


@pytest.mark.parametrize(
    "model", ["stripeevent", "stripecustomer", "subscription", "checkoutintent"]
)
def test_lists_load_with_what_was_sold(staff, shop, model):
    shop.subscribe("starter")
    shop.settle()
    shown = {
        "stripeevent": shop.world.events[0]["id"],
        "stripecustomer": shop.workspace.id,
        "subscription": shop.world.of("subscriptions")[0]["id"],
        "checkoutintent": "plan:starter",
    }[model]

    page = staff.get(reverse(f"admin:billing_{model}_changelist"))

    assert shown in page.content.decode()
    assert staff.get(reverse(f"admin:billing_{model}_add")).status_code == 403


def test_what_was_given_up_is_tried_again_and_nothing_else(staff, shop):
    shop.subscribe("starter")
    shop.settle()
    first, second = StripeEvent.objects.order_by("pk")[:2]
    StripeEvent.objects.filter(pk=first.pk).update(state=EventState.FAILED, tries=12)

    staff.post(
        reverse("admin:billing_stripeevent_changelist"),
        {"action": "try_again", "_selected_action": [first.pk, second.pk]},
    )

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.tries) == (EventState.STORED, 0)
    assert second.state == EventState.APPLIED
