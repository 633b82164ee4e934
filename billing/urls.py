"""Routes of `billing` under `/api/v1/`. `/usage` itself is the executor's, which knows the runs."""

from django.urls import path

from billing.http.stripe_views import stripe_webhook
from billing.http.views import BalanceView

urlpatterns = [
    path("usage/balance", BalanceView.as_view()),
    path("billing/stripe", stripe_webhook),
]
