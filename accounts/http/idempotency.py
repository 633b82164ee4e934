"""`Idempotency-Key` at the door: one gate that every POST of the public API goes through.

It comes after authentication, scopes and request windows, and before anything of the request is
done. The setting `POST_GATE` names it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, cast

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import AlreadyAnswered, IdempotencyInProgress, IdempotencyKeyReused
from accounts.services.idempotency import (
    HEADER,
    Answer,
    KeyedRequest,
    Namespace,
    fingerprint_of,
    read_key,
)
from common import faults
from common.http.body import media_type, peek_bytes
from common.http.drf import ApiView, stored_form

REPLAYED = "Idempotent-Replayed"
Post = Callable[..., Response]


class Caller(Protocol):
    """Who a key belongs to: a `Principal`, or whatever else authenticates a POST."""

    @property
    def workspace_id(self) -> str:
        """The workspace that is called."""
        ...

    @property
    def mode(self) -> str:
        """`live` or `test`."""
        ...

    @property
    def namespace(self) -> str:
        """`api`, or `hook:<id>`."""
        ...


def answer_once(view: ApiView, post: Post, request: Request, *args: Any, **kwargs: Any) -> Response:
    """Answer a POST by its handler, or by what it was answered before.

    Raises:
        MalformedRequest: a header that names no key.
        IdempotencyKeyReused: the key is that of another request.
        IdempotencyInProgress: a twin is being carried out.
        Exception: whatever the handler raises; nothing of it is kept.
    """
    header: str | None = request.headers.get(HEADER)
    if header is None or request.auth is None:
        return post(request, *args, **kwargs)
    once = _keyed(request, read_key(header))
    try:
        if view.idempotency != "streamed":
            once.identify(peek_bytes(request._request, limit=view.max_bytes))  # noqa: SLF001 - documented by DRF
        if view.idempotency == "whole":
            return _as_a_whole(once, partial(post, request, *args, **kwargs))
        view.once = once
        return _as_stored(once, post(request, *args, **kwargs))
    except Exception as error:
        stored = _stored_meanwhile(once, error)
        if stored is not None:
            return stored
        if isinstance(error, AlreadyAnswered):  # and that answer is gone again
            raise IdempotencyInProgress from error
        raise


def _keyed(request: Request, key: str) -> KeyedRequest:
    caller = cast(Caller, request.auth)
    fingerprint = partial(
        _fingerprint,
        str(request.method),
        _target(request),
        media_type(request._request),  # noqa: SLF001 - as above
    )
    namespace = Namespace(caller.workspace_id, caller.mode, caller.namespace)
    return KeyedRequest(namespace, key, fingerprint)


def _target(request: Request) -> str:
    """Return path and query; with and without a slash at its end a path is the same."""
    path, mark, query = str(request.get_full_path()).partition("?")
    return f"{path.rstrip('/')}{mark}{query}"


def _fingerprint(method: str, target: str, kind: str, content: bytes) -> str:
    return fingerprint_of(method, target, content, media_type=kind)


def _as_a_whole(once: KeyedRequest, post: Callable[[], Response]) -> Response:
    """Carry out a request and store its answer in one transaction; a refusal undoes all of it."""
    with transaction.atomic():
        once.claim()
        faults.point("once.claimed")
        response = post()
        if 200 <= response.status_code < 300:
            once.complete(Answer(*stored_form(response)))
            faults.point("once.before_commit")
        else:
            transaction.set_rollback(True)
    faults.point("once.after_commit")
    return _as_stored(once, response)


def _as_stored(once: KeyedRequest, response: Response) -> Response:
    """Have the first answer go out as the very bytes that will be replayed."""
    if once.answer is not None:
        response.data = once.answer.body
    return response


def _stored_meanwhile(once: KeyedRequest, error: Exception) -> Response | None:
    """Return the answer that is there though this attempt failed: a twin's, or its own.

    Its own is there when only the reply to the commit was lost.
    """
    if not once.is_identified or isinstance(error, IdempotencyKeyReused):
        return None
    found = once.found or _find_anew(once, error)
    return None if found is None else _replay(found, is_own=found == once.answer)


def _find_anew(once: KeyedRequest, error: Exception) -> Answer | None:
    if isinstance(error, (OperationalError, InterfaceError)) and not connection.in_atomic_block:
        connection.close()  # what is left of it
    try:
        return once.find_answer()
    except DatabaseError:
        return None


def _replay(answer: Answer, *, is_own: bool) -> Response:
    headers = dict(answer.headers)
    content_type = headers.pop("Content-Type", None)
    if not is_own:
        headers[REPLAYED] = "true"
    return Response(answer.body, answer.status, headers=headers, content_type=content_type)
