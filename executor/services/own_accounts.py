"""Workspaces' own accounts at providers: checked before they are kept, and tested by one free call."""

from asgiref.sync import async_to_sync

from accounts.api import (
    Actor,
    ProviderKeyNotFound,
    ProviderKeyRef,
    get_own_account,
    list_provider_keys,
    note_key_check,
    set_provider_key,
)
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import InvalidInputs, Issue
from common.fetch import UrlNotAllowed, check_url
from executor import conf
from executor.providers.account import ProviderAccount
from executor.providers.base import KeyCheck
from executor.providers.errors import ProviderError, Unanswered
from executor.providers.transport import Transport
from executor.selectors.accounts import own_account
from executor.selectors.adapters import adapter_classes
from executor.services.provider_blocks import unblock_account
from workflows.catalogue.providers import PROVIDERS, Provider

NO_ANSWER = "The provider did not answer in a way that can be understood."


class KeyDoesNotWork(ProviderError):
    """A key was tested and refused, or its provider could not be asked; the message says which."""


def list_own_providers() -> list[Provider]:
    """Return the providers that a workspace may have an account of its own at, in their order."""
    return [provider for provider in PROVIDERS.values() if provider.kind != "local"]


def save_own_key(
    *,
    actor: Actor,
    workspace_id: str,
    provider: str,
    key: str,
    secret: str = "",
    base_url: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> ProviderKeyRef:
    """Keep a workspace's own key for a provider; it is used from the next run on.

    Raises:
        WorkspaceNotFound, RoleTooLow: the actor may not.
        InvalidInputs: no such provider, no key, or a server that may not be asked.
    """
    found = PROVIDERS.get(provider)
    if found is None or found.kind == "local":
        raise _refused("/provider", "This is no provider that takes keys.")
    _check_parts(found, key, secret, base_url)
    return set_provider_key(
        actor=actor,
        workspace_id=workspace_id,
        provider=provider,
        key=key,
        secret=secret,
        base_url=base_url,
        clock=clock,
    )


def check_own_key(*, workspace_id: str, provider: str, clock: Clock = SYSTEM_CLOCK) -> KeyCheck:
    """Test a workspace's own key by a call that costs nothing, and keep how it went.

    Raises:
        ProviderKeyNotFound: there is none.
        KeyDoesNotWork: so it is; the message is fit for people.
    """
    keys = [key for key in list_provider_keys(workspace_id) if key.provider == provider]
    own = get_own_account(workspace_id, keys[0].id) if keys else None
    if own is None:
        raise ProviderKeyNotFound
    error = NO_ANSWER  # unless something else is known, whatever breaks
    try:
        found = async_to_sync(_check)(own_account(own))
        error = ""
    except ProviderError as failure:
        error = failure.message
        raise KeyDoesNotWork(error) from failure
    finally:
        note_key_check(workspace_id=workspace_id, key_id=own.id, error=error, now=clock.now())
    unblock_account(provider=provider, account=own.id, clock=clock)
    return found


async def _check(account: ProviderAccount) -> KeyCheck:
    async with Transport(allow=conf.fetch_policy()) as transport:
        try:
            return await adapter_classes()[account.provider](transport, account).check()
        except Unanswered as error:
            raise ProviderError(NO_ANSWER, retryable=True) from error


def _check_parts(provider: Provider, key: str, secret: str, base_url: str) -> None:
    if provider.needs_key and not key:
        raise _refused("/key", f"{provider.title} needs a key.")
    if bool(secret) != bool(provider.secret_title):
        title = provider.secret_title or "A second half"
        raise _refused("/secret", f"{title} is {'missing' if not secret else 'not asked for'}.")
    if provider.kind != "server":
        if base_url:
            raise _refused("/baseUrl", f"{provider.title} is asked at its own address.")
        return
    if not base_url.startswith(("http://", "https://")):
        raise _refused("/baseUrl", "Where the server is: https://…")
    if "?" in base_url or "#" in base_url:  # addresses are shown and kept as they are: no secrets
        raise _refused("/baseUrl", "An address of a server has no ? and no #.")
    if not conf.may_servers_be_private():
        _check_is_public(base_url)


def _check_is_public(base_url: str) -> None:
    try:
        check_url(base_url, allow=conf.fetch_policy())
    except UrlNotAllowed as error:
        raise InvalidInputs([Issue("/baseUrl", "url_not_allowed", error.detail)]) from error


def _refused(path: str, message: str) -> InvalidInputs:
    return InvalidInputs([Issue(path, "not_allowed", message)])
