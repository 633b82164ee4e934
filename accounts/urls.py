"""Routes of `accounts` under `/api/v1/`."""

from django.urls import path

from accounts.http.views import MeView

urlpatterns = [path("me", MeView.as_view(), name="me")]
