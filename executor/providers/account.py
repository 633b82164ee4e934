"""Whose account at a provider is used: where it is, its key, and which hosts may be shown the key."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

PLATFORM = ""  # the id of the installation's own account at a provider


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """An account. `id` is that of the workspace's key, empty for the platform's.

    `base_url` has no slash at its end. `secret` is the second half of keys that have two. `hosts`
    are those beside the base URL's that may get the key, whole names or `.domain` for all beneath. One
    that is `guarded` is not the operator's: it is asked at public addresses alone.
    """

    provider: str
    base_url: str
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    id: str = PLATFORM
    hosts: frozenset[str] = frozenset()
    guarded: bool = False

    def trusts(self, url: str) -> bool:
        """Say whether a URL that an answer names may be asked with the key.

        It is of the base URL's scheme, host and port, or `https` at one of the hosts.
        """
        try:
            asked, base = urlsplit(url), urlsplit(self.base_url)
            origin = (asked.scheme, asked.hostname, asked.port)
            is_home = origin == (base.scheme, base.hostname, base.port)
        except ValueError:
            return False
        if asked.username is not None or asked.password is not None or not asked.hostname:
            return False
        if is_home:
            return True
        return (
            asked.scheme == "https" and asked.port in (None, 443) and self._is_known(asked.hostname)
        )

    def _is_known(self, host: str) -> bool:
        return any(
            host == known or (known.startswith(".") and host.endswith(known))
            for known in self.hosts
        )
