"""Clients of `/ws/executions/{id}` in tests: opening sockets, and what comes in them."""

import json
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.conf import settings
from django.test import Client
from django.urls import re_path

from accounts.models import User
from executor.consumers import ExecutionConsumer
from executor.live.stream import Times
from executor.routing import websocket_urlpatterns
from executor.selectors.following import in_reader
from executor.services.tickets import issue_ticket

HOST = "127.0.0.1:8000"
OWN_ORIGIN = settings.PUBLIC_URL

site: Any = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))


def cookie_of(user):
    client = Client()
    client.force_login(User.objects.get(pk=user.id))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def app_with(**times):
    """The consumer with other times than its own."""
    consumer: Any = ExecutionConsumer.as_asgi(times=Times(**times))
    routes: list[Any] = [re_path(r"^ws/executions/(?P<execution_id>[^/]+)$", consumer)]
    return AuthMiddlewareStack(URLRouter(routes))


async def frame_of(socket):
    message = await socket.receive_output(timeout=5)
    assert message["type"] == "websocket.send", message
    return json.loads(message["text"])


async def frames_until_closed(socket):
    """Return the frames and the code with which the server closed."""
    frames: list[Any] = []
    while True:
        message = await socket.receive_output(timeout=5)
        if message["type"] == "websocket.close":
            return frames, message["code"]
        frames.append(json.loads(message["text"]))


async def close_code_of(socket):
    frames, code = await frames_until_closed(socket)
    assert frames == []
    return code


async def ticket_for(workspace, execution_id, key_id="key_x"):
    secret, _ = await in_reader(
        issue_ticket, workspace_id=workspace.id, execution_id=execution_id, key_id=key_id
    )
    return f"ticket={secret}"
