"""The staff's view of Stripe: customers, subscriptions, purchases, and events that were given up."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from billing.models import CheckoutIntent, StripeCustomer, StripeEvent, Subscription
from billing.services.payments.inbox import retry_event
from common.admin import BoundedPaginator, LookOnlyMixin


class _StripeAdmin(LookOnlyMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that Stripe decides. Its ids are case sensitive, and searched for as they are."""

    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50


@admin.register(StripeEvent)
class StripeEventAdmin(_StripeAdmin):
    """Events as they came in."""

    list_display = ("stripe_id", "type", "state", "customer", "tries", "due_at", "received_at")
    list_filter = ("state",)
    search_fields = ("=stripe_id", "=customer")
    ordering = ("-received_at",)
    actions = ("try_again",)

    @admin.action(description="Try again what was given up", permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Have the worker apply them anew."""
        tried = sum(retry_event(event.pk) for event in queryset)
        self.message_user(request, f"{tried} events are tried again.", messages.SUCCESS)


@admin.register(StripeCustomer)
class StripeCustomerAdmin(_StripeAdmin):
    """Customers, those deleted at Stripe flagged."""

    list_display = ("stripe_id", "workspace_id", "email", "is_deleted", "created_at")
    list_filter = ("is_deleted",)
    search_fields = ("=stripe_id", "=workspace_id")


@admin.register(Subscription)
class SubscriptionAdmin(_StripeAdmin):
    """Subscriptions as Stripe last told them."""

    list_display = (
        "stripe_id",
        "workspace_id",
        "plan",
        "status",
        "current_period_end",
        "cancel_at_period_end",
    )
    list_filter = ("status",)
    list_select_related = ("plan",)
    search_fields = ("=stripe_id", "=workspace__id")


@admin.register(CheckoutIntent)
class CheckoutIntentAdmin(_StripeAdmin):
    """Who wanted to buy what."""

    list_display = ("id", "workspace_id", "item", "state", "asked_by", "created_at")
    list_filter = ("state",)
    search_fields = ("=id", "=workspace__id", "=session_id")
    ordering = ("-id",)
