"""The bare endpoints in a Django of their own."""

from django.urls import path

from benchmarks.bare.views import BareInsertView, BareSelectView, healthz

urlpatterns = [
    path("healthz", healthz),
    path("bare", BareInsertView.as_view()),
    path("bare/<int:row_id>", BareSelectView.as_view()),
]
