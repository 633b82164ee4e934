"""Routes of `workflows` under `/api/v1/`."""

from django.urls import path

import common.http.converters  # noqa: F401 - registers `<wf:…>` and the like
from workflows.http.node_views import NodeListView, NodeView
from workflows.http.version_views import PublishView, RestoreView, VersionListView, VersionView
from workflows.http.views import SchemaView, WorkflowListView, WorkflowView

urlpatterns = [
    path("workflows", WorkflowListView.as_view()),
    path("workflows/<wf:workflow_id>", WorkflowView.as_view()),
    path("workflows/<wf:workflow_id>/publish", PublishView.as_view()),
    path("workflows/<wf:workflow_id>/schema", SchemaView.as_view()),
    path("workflows/<wf:workflow_id>/versions", VersionListView.as_view()),
    path("workflows/<wf:workflow_id>/versions/<int:number>", VersionView.as_view()),
    path("workflows/<wf:workflow_id>/versions/<int:number>/restore", RestoreView.as_view()),
    path("nodes", NodeListView.as_view()),
    path("nodes/<str:type>", NodeView.as_view()),
]
