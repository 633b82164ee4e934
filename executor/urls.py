"""Routes of `executor` under `/api/v1/`; included before those of `workflows`."""

from django.urls import path

import common.http.converters  # noqa: F401 - registers `<exec:…>` and the like
from executor.http.callback_views import ProviderCallbackView
from executor.http.events import EventsView
from executor.http.execute_views import EstimateView, ExecuteView, RetryView
from executor.http.execution_views import (
    CancelView,
    ExecutionListView,
    ExecutionView,
    PollView,
    TicketView,
)
from executor.http.file_views import FileListView, FileView
from executor.http.model_views import ModelListView, ModelView
from executor.http.review_views import DecideView, ReviewLinkView, ReviewListView, ReviewView
from executor.http.usage_views import UsageView

_ONE = "workflows/executions/<exec:execution_id>"

urlpatterns = [
    path("workflows/executions", ExecutionListView.as_view()),
    path(_ONE, ExecutionView.as_view()),
    path(f"{_ONE}/poll", PollView.as_view()),
    path(f"{_ONE}/cancel", CancelView.as_view()),
    path(f"{_ONE}/retry", RetryView.as_view()),
    path(f"{_ONE}/events", EventsView.as_view()),
    path(f"{_ONE}/ticket", TicketView.as_view()),
    path("workflows/<wf:workflow_id>/execute", ExecuteView.as_view()),
    path("workflows/<wf:workflow_id>/estimate", EstimateView.as_view()),
    path("usage", UsageView.as_view()),
    path("models", ModelListView.as_view()),
    path("models/<str:key>", ModelView.as_view()),
    path("reviews", ReviewListView.as_view()),
    path("reviews/<rev:review_id>", ReviewView.as_view()),
    path("reviews/<rev:review_id>/decide", DecideView.as_view()),
    path("reviews/<rev:review_id>/link", ReviewLinkView.as_view()),
    path("providers/callbacks/<str:token>", ProviderCallbackView.as_view()),
    path("files", FileListView.as_view()),
    path("files/<file:file_id>", FileView.as_view()),
]
