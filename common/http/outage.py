"""Which errors of what we stand on mean "not now": they are answered 503, and may be tried again.

What is a mistake of ours (a statement that no database would take) stays an error of ours, though
drivers put both into the same class.
"""

import codecs
import errno
import logging

import redis.exceptions
from django.db import InterfaceError, OperationalError
from django.db.utils import InternalError

from common.errors import Unavailable

logger = logging.getLogger(__name__)

# Django writes its log of failed requests with it. Without a descriptor left it could no longer be
# loaded, and the answer would be a 500.
codecs.lookup("unicode_escape")

RETRY_AFTER_S = 2
RETRY_FULL_AFTER_S = 30  # somebody has to make room

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_CONNECTION_OUT = (
    InterfaceError,  # a connection that is closed
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.ReadOnlyError,
)
_SQLITE_ERROR = 1  # the statement's own fault
_SQLITE_FULL = frozenset({8, 13})  # read-only, full
_READ_ONLY = "25006"  # PostgreSQL: a replica, or a primary on its way out


def unavailable_of(error: BaseException | None) -> Unavailable | None:
    """Return what to answer when a database, cache or disk is out; None for any other error."""
    after_s = _retry_after_s(error)
    if after_s is None:
        return None
    logger.error("unavailable: %s", error, extra={"action": "unavailable"})
    return Unavailable(retry_after_s=after_s)


def _retry_after_s(error: BaseException | None) -> int | None:
    if isinstance(error, OperationalError):
        return _of_database(error)
    if isinstance(error, InternalError) and _sqlstate(error) == _READ_ONLY:
        return RETRY_AFTER_S
    if isinstance(error, _CONNECTION_OUT):
        return RETRY_AFTER_S
    if isinstance(error, OSError):
        return _of_system(error)
    return None


def _of_database(error: OperationalError) -> int | None:
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    if code is None:
        return RETRY_AFTER_S
    primary = code & 0xFF
    if primary == _SQLITE_ERROR:
        return None
    return RETRY_FULL_AFTER_S if primary in _SQLITE_FULL else RETRY_AFTER_S


def _of_system(error: OSError) -> int | None:
    if error.errno in _FULL:
        return RETRY_FULL_AFTER_S
    return RETRY_AFTER_S if error.errno in _EXHAUSTED else None


def _sqlstate(error: InternalError) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
