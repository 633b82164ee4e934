"""The one way to fetch a URL that somebody else chose: inputs, provider results, imports.

The rule: nothing in this project opens a connection to a URL from outside but through here.
`check_url` when a request is accepted (422 `url_not_allowed`), `fetch` when it is needed
(`input_fetch_blocked`, `input_fetch_failed`), `redact_url` before a URL is logged or shown.
TRUST.md, section F and decision 3.9.
"""

from common.fetch.addresses import PUBLIC_ONLY, FetchPolicy, is_public
from common.fetch.backend import PinnedBackend, Resolve
from common.fetch.errors import FetchBlocked, FetchError, FetchFailed, UrlNotAllowed
from common.fetch.fetcher import FetchResult, fetch
from common.fetch.urls import check_url, origin_of, redact_url

__all__ = [
    "PUBLIC_ONLY",
    "FetchBlocked",
    "FetchError",
    "FetchFailed",
    "FetchPolicy",
    "FetchResult",
    "PinnedBackend",
    "Resolve",
    "UrlNotAllowed",
    "check_url",
    "fetch",
    "is_public",
    "origin_of",
    "redact_url",
]
