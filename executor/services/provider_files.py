"""Files that a provider gave, brought into the store: fetched at once, and kept by content."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import TooLarge, UnsupportedMediaType
from common.fetch import FetchError, FetchPolicy, fetch, origin_of
from executor import conf
from executor.errors import StoreAway
from executor.media.errors import MediaRejected
from executor.media.types import MediaLimits
from executor.models import File
from executor.providers.account import ProviderAccount
from executor.providers.base import ResultFile
from executor.providers.errors import ProviderError
from executor.services.files import file_kind, import_media

FETCH_DEADLINE_S = 300.0  # a film takes its time


class NotStored(Exception):
    """The file came, and our own store did not take it; it may later."""


class ResultGone(Exception):
    """The file cannot be had behind this URL (any more); the provider may name another."""


def import_result(
    *,
    file: ResultFile,
    workspace_id: str,
    execution_id: str,
    account: ProviderAccount | None = None,
    headers: Mapping[str, str] | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> File:
    """Bring a result into the store and return its row, which the caller inserts.

    Called twice it stores the same bytes twice under one key, which does no harm. `headers` are the
    key's of the `account` that did it, for a file that needs them.

    Raises:
        ResultGone: there was no usable answer behind the URL.
        NotStored: the media store, or the disk, is away or full.
        ProviderError: what came is not what it should be, or too much of it.
    """
    path = conf.temporary_dir() / f"result-{secrets.token_hex(8)}"
    expected = file_kind(file.kind)
    try:
        _receive(file, path, MediaLimits().bytes_for(expected), account, headers or {})
        row = import_media(
            workspace_id=workspace_id, source=path, clock=clock, execution_id=execution_id
        )
    except FetchError as error:
        raise ResultGone(error.detail) from error
    except (StoreAway, OSError) as error:
        raise NotStored from error
    except (MediaRejected, UnsupportedMediaType, TooLarge) as error:
        raise ProviderError("The provider gave a file that cannot be used.") from error
    finally:
        path.unlink(missing_ok=True)
    if row.kind != expected:
        raise ProviderError(f"The provider gave a file of kind {row.kind}, not {expected}.")
    return row


def _receive(
    file: ResultFile,
    path: Path,
    max_bytes: int,
    account: ProviderAccount | None,
    headers: Mapping[str, str],
) -> None:
    """Write the file to a path.

    Raises:
        ProviderError: the provider wants its key shown where it may not be.
        FetchError: the file could not be fetched.
    """
    if file.url is None:
        path.write_bytes(file.data or b"")
        return
    is_trusted = account is not None and account.trusts(file.url)
    if file.needs_key and not is_trusted:
        raise ProviderError("The provider named an address that is not its own.")
    with path.open("wb") as sink:
        fetch(
            file.url,
            max_bytes=max_bytes,
            deadline_s=FETCH_DEADLINE_S,
            sink=sink,
            allow=_policy(file.url, account) if is_trusted and account else conf.fetch_policy(),
            headers=headers if file.needs_key else {},
        )


def _policy(url: str, account: ProviderAccount) -> FetchPolicy:
    """Return where a file at a trusted address may be fetched from.

    A server that the operator named may stand at any address, as it is asked at one.
    """
    policy = conf.fetch_policy()
    if account.guarded or origin_of(url) != origin_of(account.base_url):
        return policy
    return replace(policy, known=frozenset({origin_of(url)}))
