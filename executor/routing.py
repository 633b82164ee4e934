"""Routes of sockets. Whatever else is asked for is refused before it is accepted."""

import re
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.urls import re_path

from executor.consumers import ExecutionConsumer
from executor.http.events import follow_events
from executor.http.wait import poll_and_wait
from executor.selectors.following import in_reader

websocket_urlpatterns: list[Any] = [
    re_path(
        r"^ws/executions/(?P<execution_id>[^/]+)/?$",
        ExecutionConsumer.as_asgi(),  # type: ignore[arg-type] # Django knows views alone
    ),
    re_path(r"", WebsocketDenier.as_asgi()),  # type: ignore[arg-type]
]

# Polls that wait and event streams are routed beside the sockets: they are async, and hold no thread.
WAITING_POLL_PATH = re.compile(r"/api/v1/workflows/executions/(exec_[0-9a-z]{26})/poll/?")
EVENTS_PATH = re.compile(r"/api/v1/workflows/executions/(exec_[0-9a-z]{26})/events/?")
waiting_poll = poll_and_wait
event_stream = follow_events
in_reader_thread = in_reader
