"""Every call of the public API counts in a window, and every answer says what is left of it.

With a good key it is the key's window, else that of the address: so keys that are malformed or
unknown use up nobody's but the sender's own. Refused calls do not count. What providers tell about
their jobs has windows of its own; sockets and media have none.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponseBase

from accounts.api import authenticate_header
from billing.services.windows import (
    count_callback,
    count_request_of_address,
    count_request_of_key,
    refusal_of,
)
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Unauthenticated
from common.http.address import client_address, network_of
from common.http.asked import ask_once
from common.http.counted import noted_decision
from common.http.paths import API_PREFIX
from common.http.plain import problem_response
from common.limits.port import Decision

CALLBACKS_PREFIX: Final = f"{API_PREFIX}providers/callbacks/"
# Not called by customers, and has a guard of its own.
STRIPE_PATH: Final = f"{API_PREFIX}billing/stripe"

InThread = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Counted:
    """A request that was counted, and when its window has room again."""

    decision: Decision
    reset_at: datetime


class RequestRatesMiddleware:
    """Counts calls of the public API, and refuses those beyond their window.

    In front of an async function it needs `in_thread`, by which it queries the database.
    """

    sync_capable = async_capable = True

    def __init__(
        self,
        get_response: Callable[[HttpRequest], Any],
        *,
        in_thread: InThread | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.get_response = get_response
        self._in_thread = in_thread
        self._clock = clock
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request, or refuse it."""
        if not f"{request.path}/".startswith(API_PREFIX) or request.path == STRIPE_PATH:
            return self._as_noted(request, self.get_response(request))
        if self._in_thread is not None:
            return self._answer(request, self._in_thread)
        counted = self._count(request)
        if not counted.decision.is_allowed:
            return self._marked(_refuse(request, counted), counted)
        return self._marked(self.get_response(request), counted)

    async def _answer(self, request: HttpRequest, in_thread: InThread) -> HttpResponseBase:
        counted = await in_thread(self._count, request)
        if not counted.decision.is_allowed:
            return self._marked(_refuse(request, counted), counted)
        return self._marked(await self.get_response(request), counted)

    def _count(self, request: HttpRequest) -> Counted:
        return self._counted(count_request(request))

    def _counted(self, decision: Decision) -> Counted:
        return Counted(decision, self._clock.now() + timedelta(seconds=decision.reset_after_s))

    def _as_noted(self, request: HttpRequest, response: Any) -> Any:
        """Put what is left on an answer that its own view has counted."""
        decision = noted_decision(request)
        return response if decision is None else self._marked(response, self._counted(decision))

    def _marked(self, response: HttpResponseBase, counted: Counted) -> HttpResponseBase:
        """Put what is left on an answer. Both forms of the time come from one look at the clock."""
        policy, remaining = counted.decision.policy, counted.decision.remaining
        reset = math.ceil(counted.reset_at.timestamp())
        left_s = max(0, math.ceil((counted.reset_at - self._clock.now()).total_seconds()))
        response.headers["X-RateLimit-Limit"] = str(policy.limit)
        response.headers["X-RateLimit-Remaining"] = str(remaining)
        response.headers["X-RateLimit-Reset"] = str(reset)
        quota = f'"{policy.name}";q={policy.limit};w={policy.window_s}'
        response.headers["RateLimit-Policy"] = quota
        response.headers["RateLimit"] = f'"{policy.name}";r={remaining};t={left_s}'
        return response


def count_request(request: HttpRequest) -> Decision:
    """Count a call of the public API in its caller's window."""
    address = client_address(request)
    if request.path.startswith(CALLBACKS_PREFIX):
        return count_callback(network_of(address))
    header = request.META.get("HTTP_AUTHORIZATION")
    try:
        if header is not None:
            principal = ask_once(request, "principal", lambda: authenticate_header(header))
            if principal.may_come_from(address):
                return count_request_of_key(principal.key_id, principal.workspace_id)
    except Unauthenticated:
        pass
    except DatabaseError:  # whose it is cannot be known; the view will answer 503
        return replace(count_request_of_address(network_of(address)), is_allowed=True)
    return count_request_of_address(network_of(address))


def _refuse(request: HttpRequest, counted: Counted) -> HttpResponseBase:
    return problem_response(request, refusal_of(counted.decision))
