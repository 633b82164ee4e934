"""What may stand in a key: each part checked before it is stored."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from accounts.services.checks import checked, refused
from accounts.types import KeyMode, KeyRestrictions, Scope, clean_network
from common.ids import is_id
from common.strict_json import MAX_INTEGER

MAX_CAP = MAX_INTEGER
MAX_ENTRIES = 100  # workflows, and addresses, of one key
MAX_OVERLAP = timedelta(days=7)


def checked_mode(mode: str) -> KeyMode:
    """Return a mode.

    Raises:
        InvalidInputs: neither live nor test.
    """
    if mode == "live":
        return "live"
    if mode == "test":
        return "test"
    raise refused("/mode", "must be live or test")


def checked_scopes(scopes: Collection[str]) -> list[str]:
    """Return the scopes once each, in their own order.

    Raises:
        InvalidInputs: none, or one that there is not.
    """
    known = [scope.value for scope in Scope]
    if not scopes or not set(scopes) <= set(known):
        raise refused("/scopes", f"must be one or more of {', '.join(known)}")
    return [scope for scope in known if scope in scopes]


def checked_expiry(expires_at: datetime | None, now: datetime) -> datetime | None:
    """Return a time to come, or None.

    Raises:
        InvalidInputs: past, or without a zone.
    """
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
        raise refused("/expiresAt", "must be a time to come, with its zone")
    return expires_at


def checked_overlap(overlap: timedelta) -> timedelta:
    """Return for how long a rolled key goes on.

    Raises:
        InvalidInputs: less than nothing, or more than seven days.
    """
    if not timedelta() <= overlap <= MAX_OVERLAP:
        raise refused("/overlap", f"must be from 0 to {MAX_OVERLAP.days} days")
    return overlap


def checked_restrictions(given: KeyRestrictions) -> KeyRestrictions:
    """Return restrictions in their stored form: each entry once, networks in one spelling.

    Workflows are checked for the shape of their ids alone: which ones there are, an app above this
    one knows. An id that names nothing opens nothing.

    Raises:
        InvalidInputs: at `/monthlyCap`, or at the entry of `/workflows` or `/addresses`.
    """
    return KeyRestrictions(
        monthly_cap=_checked_cap(given.monthly_cap),
        workflows=_checked_workflows(given.workflows),
        addresses=_checked_addresses(given.addresses),
    )


def _checked_cap(cap: int | None) -> int | None:
    if cap is not None and not 0 <= cap <= MAX_CAP:
        raise refused("/monthlyCap", f"must be from 0 to {MAX_CAP}")
    return cap


def _checked_workflows(ids: Sequence[str]) -> tuple[str, ...]:
    _check_number("/workflows", ids)
    for index, workflow_id in enumerate(ids):
        if not is_id(workflow_id, "wf"):
            raise refused(f"/workflows/{index}", "must be the id of a workflow")
    return tuple(dict.fromkeys(ids))


def _checked_addresses(texts: Sequence[str]) -> tuple[str, ...]:
    _check_number("/addresses", texts)
    clean = [
        checked(f"/addresses/{index}", clean_network, text) for index, text in enumerate(texts)
    ]
    return tuple(dict.fromkeys(clean))


def _check_number(path: str, entries: Sequence[str]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise refused(path, f"may have {MAX_ENTRIES} entries at most")
