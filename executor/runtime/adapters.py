"""The adapters of one process: made for an account when it is needed, over one HTTP client."""

from executor.providers.account import ProviderAccount
from executor.providers.base import Adapter
from executor.providers.transport import Transport
from executor.selectors.adapters import adapter_classes


class Adapters:
    """Makes adapters. Keeps none: they are cheap, and a key that was revoked is soon forgotten."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def make(self, account: ProviderAccount) -> Adapter | None:
        """Return an adapter that asks by an account; None for a provider that has none here."""
        made = adapter_classes().get(account.provider)
        return None if made is None else made(self._transport, account)
