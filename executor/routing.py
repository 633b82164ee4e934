"""Routes of sockets. Whatever else is asked for is refused before it is accepted."""

from typing import Any

from channels.security.websocket import WebsocketDenier
from django.urls import re_path

from executor.consumers import ExecutionConsumer

websocket_urlpatterns: list[Any] = [
    re_path(
        r"^ws/executions/(?P<execution_id>[^/]+)/?$",
        ExecutionConsumer.as_asgi(),  # type: ignore[arg-type] # Django knows views alone
    ),
    re_path(r"", WebsocketDenier.as_asgi()),  # type: ignore[arg-type]
]
