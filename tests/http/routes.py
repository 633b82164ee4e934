"""Whose things each route of the site names: the tables that `test_tenancy` walks through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Route:
    """What the ids in a path name, and bodies with which their owner is answered below 400."""

    things: Mapping[str, str]
    bodies: Mapping[str, Any] = field(default_factory=dict)


_RUN = "api/v1/workflows/executions/<exec:execution_id>"
_FLOW = "api/v1/workflows/<wf:workflow_id>"
_REVIEW = "api/v1/reviews/<rev:review_id>"
_OF_FLOW = {"workflow_id": "workflow"}
_OF_RUN = {"execution_id": "execution"}
_OF_REVIEW = {"review_id": "review"}

# Routes whose path names something of a workspace.
OWNED: dict[str, Route] = {
    _RUN: Route(_OF_RUN),
    f"{_RUN}/poll": Route(_OF_RUN),
    f"{_RUN}/cancel": Route(_OF_RUN),
    f"{_RUN}/retry": Route(_OF_RUN, {"POST": {"fromNode": "case"}}),
    f"{_RUN}/events": Route(_OF_RUN),
    f"{_RUN}/ticket": Route(_OF_RUN),
    _FLOW: Route(_OF_FLOW, {"PATCH": {"name": "Mine now"}}),
    f"{_FLOW}/execute": Route(_OF_FLOW, {"POST": {"inputs": {"text": "hello"}}}),
    f"{_FLOW}/estimate": Route(_OF_FLOW, {"POST": {"inputs": {"text": "hello"}}}),
    f"{_FLOW}/publish": Route(_OF_FLOW),
    f"{_FLOW}/schema": Route(_OF_FLOW),
    f"{_FLOW}/versions": Route(_OF_FLOW),
    f"{_FLOW}/versions/<int:number>": Route({**_OF_FLOW, "number": "version"}),
    f"{_FLOW}/versions/<int:number>/restore": Route({**_OF_FLOW, "number": "version"}),
    _REVIEW: Route(_OF_REVIEW),
    f"{_REVIEW}/decide": Route(_OF_REVIEW, {"POST": {"approved": True}}),
    f"{_REVIEW}/link": Route(_OF_REVIEW, {"POST": {"renew": True}}),
    "api/v1/files/<file:file_id>": Route({"file_id": "file"}),
}

# Routes of the key's own workspace: they name nothing, and what they show is looked through below.
OF_THE_KEY: dict[str, Any] = {
    "api/v1/me": None,
    "api/v1/usage": None,
    "api/v1/usage/balance": None,
    "api/v1/workflows": {"name": "New", "graph": {}},
    "api/v1/workflows/executions": None,
    "api/v1/reviews": None,
    "api/v1/files": None,
    "api/v1/templates/<slug:slug>/fork": {},
}

# Routes that show the same to everybody.
OPEN = frozenset(
    {
        "",
        "healthz",
        "readyz",
        "metrics",
        "^docs/?$",
        "docs/api",
        "docs/nodes",
        "docs/nodes/<str:type>",
        "docs/models",
        "docs/models/<str:key>",
        "docs/errors",
        "dev/states",
        "pricing",
        "robots.txt",
        "sitemap.xml",
        "sitemap-<section>.xml",
        "og/page/<slug:name>.png",
        "og/collection/<slug:key>.png",
        "og/template/<slug:slug>.png",
        "terms",
        "privacy",
        "content-policy",
        "templates",
        "templates.rss",
        "templates/c/<slug:key>",
        "templates/<slug:slug>",
        # A rating is a person's, a report nobody's; a fork goes into a workspace of the caller's,
        # as tests/http/templates_gallery/test_forking.py has it.
        "templates/<slug:slug>/fork",
        "templates/<slug:slug>/rate",
        "templates/<slug:slug>/report",
        "api/v1/schema",
        "api/v1/nodes",
        "api/v1/nodes/<str:type>",
        "api/v1/models",
        "api/v1/models/<str:key>",
        "api/v1/templates",
        "api/v1/templates/<slug:slug>",
        "templates/<slug:slug>/run",
        "^api(?:/|$)",
    }
)

# Routes that a secret in the link, or a signature, opens: an id alone opens nothing.
LINKED = frozenset(
    {
        "review/<rev:review_id>/<str:signature>",
        "invitations/<str:token>",
        r"accounts/^confirm-email/(?P<key>[-:\w]+)/$",
        r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z_]+)-(?P<key>.+)/$",
        "media/<str:file_id>/<str:signature>",
        "media/templates/<str:asset_id>/<str:signature>",
        "shared/<str:share_id>",
        "run/<wf:workflow_id>",  # its members' alone: templates_gallery/test_playground_pages.py
        "api/v1/providers/callbacks/<str:token>",
        "api/v1/billing/stripe",
    }
)

# Pages of a workspace that a query or form names as `workspace`, with the method that they take.
PAGES = {
    "billing": "get",
    "billing/buy": "post",
    "billing/portal": "post",
    "billing/return": "get",
    "settings/models": "get",
    "settings/models/save": "post",
    "settings/models/test": "post",
    "settings/models/remove": "post",
    "settings/models/policy": "post",
    "workflows": "get",
    "settings": "get",
    "settings/close": "post",
    "settings/appearance": "get",
    "settings/workspace": "get",
    "settings/workspace/delete": "post",
    "workspaces/new": "get",
    "team": "get",
    "team/invite": "post",
    "team/resend": "post",
    "team/revoke": "post",
    "team/role": "post",
    "team/remove": "post",
    "team/leave": "post",
    "team/transfer": "post",
}

# Pages of one workflow, which need a session, with the method that they take.
PAGES_OF_FLOW = {
    "workflows/<wf:workflow_id>": "get",
    "workflows/<wf:workflow_id>/publish": "post",
    "workflows/<wf:workflow_id>/rename": "post",
    "workflows/<wf:workflow_id>/restore": "post",
    "workflows/<wf:workflow_id>/delete": "post",
    "workflows/<wf:workflow_id>/template": "get",
    "workflows/<wf:workflow_id>/template/unpublish": "post",
}

# Routes of the canvas, which need a session.
STUDIO = {
    "api/studio/catalogue": 200,
    "api/studio/graphs/swap-model": 405,  # takes a POST, and knows nothing but what that brings
    "api/studio/": 404,
    # Of the playground, whose ids and workspaces tests/http/{executor/test_studio,
    # templates_gallery/test_playground_api}.py walk through.
    "api/studio/playground/runs": 400,
    "api/studio/playground/estimate": 405,
    "api/studio/playground/files": 405,
    "api/studio/playground/runs/<exec:execution_id>": 404,
    "api/studio/playground/runs/<exec:execution_id>/cancel": 404,
    "api/studio/playground/runs/<exec:execution_id>/retry": 404,
    "api/studio/playground/runs/<exec:execution_id>/share": 404,
    "api/studio/playground/runs/<exec:execution_id>/rating": 404,
}
