"""Every POST of the public API, with a request that it answers by 2xx.

A new route joins by an entry in `ROUTES`; a test fails until it has one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from accounts.api import WorkspaceRef
from tests.client import ApiClient
from tests.executor.media_files import make_image
from tests.executor.runs import accept, perform_all, publish
from tests.factories import (
    make_execution,
    make_finished_execution,
    make_graph,
    make_published_workflow,
    make_template,
)
from tests.graphs import graph

_BOUNDARY = "----pixelflow"
_ASK = graph(
    {
        "in": ("input.text", {"name": "text"}),
        "ask": ("review.approve", {"title": "Fine?"}),
        "out": ("output", {"name": "text"}),
    },
    ["in.value -> ask.value", "ask.value -> out.value"],
)


@dataclass(frozen=True)
class Post:
    """A request that can be sent again and again."""

    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, api: ApiClient, key: str | None = None, *, query: Any = None) -> Any:
        """Send it with an `Idempotency-Key`, or without one."""
        headers = dict(self.headers) if key is None else {**self.headers, "Idempotency_Key": key}
        return api.send("POST", self.path, self.body, query=query, **headers)


@dataclass(frozen=True)
class Route:
    """How one route is called; `fails_at` is a kill point inside its transaction."""

    prepare: Callable[[WorkspaceRef], Post]
    fails_at: str = "once.before_commit"


def _workflow(workspace: WorkspaceRef, call: str, body: Any = None) -> Post:
    return Post(f"/workflows/{make_published_workflow(workspace).id}/{call}", body)


def _open_run(workspace: WorkspaceRef, call: str) -> Post:
    run = make_execution(make_published_workflow(workspace)).execution_id
    return Post(f"/workflows/executions/{run}/{call}")


def _retry(workspace: WorkspaceRef) -> Post:
    run = make_finished_execution(make_published_workflow(workspace)).execution_id
    return Post(f"/workflows/executions/{run}/retry", {})


def _review(workspace: WorkspaceRef, call: str, body: Any) -> Post:
    from executor.models import Review

    accept(workspace, publish(workspace, _ASK), {"text": "hi"})
    perform_all()
    review = Review.objects.of(workspace.id).get()
    return Post(f"/reviews/{review.id}/{call}", body)


def upload(content: bytes, *, boundary: str = _BOUNDARY, name: str = "a.png") -> Post:
    """An upload of one file."""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return Post("/files", body, {"Content_Type": f"multipart/form-data; boundary={boundary}"})


def _template_fork() -> Post:
    return Post(f"/templates/{make_template().slug}/fork")


ROUTES: Mapping[str, Route] = {
    "workflows": Route(lambda _: Post("/workflows", {"name": "New", "graph": make_graph()})),
    "workflows/<wf:workflow_id>/publish": Route(lambda w: _workflow(w, "publish")),
    "workflows/<wf:workflow_id>/versions/<int:number>/restore": Route(
        lambda w: _workflow(w, "versions/1/restore")
    ),
    "workflows/<wf:workflow_id>/execute": Route(
        lambda w: _workflow(w, "execute", {"inputs": {"text": "hi"}}), "accept.before_commit"
    ),
    "workflows/<wf:workflow_id>/estimate": Route(
        lambda w: _workflow(w, "estimate", {"inputs": {"text": "hi"}})
    ),
    "workflows/executions/<exec:execution_id>/cancel": Route(
        lambda w: _open_run(w, "cancel"), "cancel.before_commit"
    ),
    "workflows/executions/<exec:execution_id>/retry": Route(_retry, "accept.before_commit"),
    "workflows/executions/<exec:execution_id>/ticket": Route(lambda w: _open_run(w, "ticket")),
    "reviews/<rev:review_id>/decide": Route(lambda w: _review(w, "decide", {"approved": True})),
    "reviews/<rev:review_id>/link": Route(lambda w: _review(w, "link", {"renew": True})),
    "templates/<slug:slug>/fork": Route(lambda _: _template_fork()),
    "files": Route(lambda _: upload(make_image("PNG")), "upload.before_commit"),
}


def post_routes() -> set[str]:
    """The routes under `/api/v1/` that take a POST from whoever has a key."""
    return {
        path.removeprefix("api/v1/")
        for path, view in _views(get_resolver(), "")
        if path.startswith("api/v1/") and hasattr(view, "post") and not getattr(view, "public", 0)
    }


def _views(resolver: URLResolver, before: str) -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        path = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _views(entry, path)
        elif isinstance(entry, URLPattern):
            yield path, getattr(entry.callback, "view_class", None) or entry.callback
