"""Playing in tests: a template to try, and a browser that calls the playground's API as pages do."""

import json
from typing import Any
from uuid import uuid4

from django.test import Client

from accounts.api import UserRef, WorkspaceRef
from accounts.models import User
from templates_gallery.services.loading import load_library
from templates_gallery.types import Example, LibraryTemplate
from tests.factories import make_graph
from tests.graphs import graph

BASE = "/api/studio/playground"
ASSET = "_assets/coffee.jpg"  # of the library
SHOUT = "shout-it"
SHRINK = "shrink-it"


def list_templates(*more: LibraryTemplate) -> None:
    """List one template that raises its voice, one that makes a picture smaller, and others."""
    shrink = graph(
        {
            "in": ("input.image", {"name": "photo", "label": "Photo"}),
            "size": ("image.resize", {"width": 64, "height": 64, "fit": "cover"}),
            "out": ("output", {"name": "picture", "label": "Small picture"}),
        },
        ["in.value -> size.image", "size.image -> out.value"],
    )
    words = Example("A greeting", {"text": "hello"}, {"text": "HELLO"}, is_simulated=False)
    picture = Example("Coffee", {"photo": {"asset": ASSET}}, None, is_simulated=False)
    load_library(
        [
            template(SHOUT, make_graph(), words),
            template(SHRINK, shrink, picture),
            *more,
        ]
    )


def template(slug: str, document: dict[str, Any], *examples: Example) -> LibraryTemplate:
    """A template of the release."""
    return LibraryTemplate(
        slug=slug,
        category="developer-blocks",
        title=f"Template {slug}",
        description="One line that says what comes out and for whom.",
        readme="What it does, when to use it, and what to change in it.",
        audience="People who test",
        tags=("testing",),
        author="Pixelflow",
        licence="CC0-1.0",
        is_featured=False,
        position=1,
        graph=document,
        examples=examples,
        digest=uuid4().hex,
    )


class Browser:
    """A person's, signed in, or a visitor's; its calls carry the CSRF token as the page's do."""

    def __init__(self, user: UserRef | None = None, *, with_token: bool = True) -> None:
        self.client = Client(enforce_csrf_checks=True)
        if user is not None:
            self.client.force_login(User.objects.get(pk=user.id))
        self.with_token = with_token

    def get(self, path: str, **query: str) -> Any:
        """GET a path of the playground's API."""
        return self.client.get(f"{BASE}{path}", query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST JSON to it."""
        return self._send("POST", path, body, headers)

    def delete(self, path: str) -> Any:
        """DELETE there."""
        return self._send("DELETE", path, None, {})

    def upload(self, path: str, content: bytes, *, name: str = "a.png") -> Any:
        """POST a multipart form with one file."""
        head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + b"\r\n--x--\r\n"
        kind = "multipart/form-data; boundary=x"
        return self.client.generic(
            "POST", f"{BASE}{path}", body, content_type=kind, headers=self._token()
        )

    def start(self, workspace: WorkspaceRef, **body: Any) -> Any:
        """Start a run."""
        return self.post("/runs", {"workspace": workspace.id, **body})

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method,
            f"{BASE}{path}",
            raw,
            content_type="application/json",
            headers={**self._token(), **sent},
        )

    def _token(self) -> dict[str, str]:
        if not self.with_token:
            return {}
        self.client.cookies["csrftoken"] = "t" * 32
        return {"X-CSRFToken": "t" * 32}
