"""Whose accounts at providers there are: the platform's own, and those that workspaces brought."""

from collections.abc import Mapping

from accounts.api import OwnAccount, get_own_account, get_own_accounts
from executor import conf
from executor.providers.account import PLATFORM, ProviderAccount
from workflows.catalogue.providers import PROVIDERS, Provider


def find_account(provider: str, account_id: str, workspace_id: str) -> ProviderAccount | None:
    """Return an account by its id, empty for the platform's; None where there is none any more.

    A provider that an installation's own module brings needs no account: it has an empty one.
    """
    if account_id != PLATFORM:
        own = get_own_account(workspace_id, account_id)
        return None if own is None or own.provider != provider else own_account(own)
    if provider not in PROVIDERS:
        return ProviderAccount(provider, "")
    return platform_accounts().get(provider)


def platform_accounts() -> dict[str, ProviderAccount]:
    """Return the platform's accounts by provider: those with a key, or for servers an address."""
    accounts = {}
    for name, parts in conf.provider_accounts().items():
        provider = PROVIDERS[name]
        base_url = parts["base_url"] or provider.base_url
        if base_url and (parts["key"] or not provider.needs_key):
            accounts[name] = ProviderAccount(
                name,
                base_url,
                parts["key"],
                parts["secret"],
                hosts=_hosts(provider, parts["base_url"]),
            )
    return accounts


def find_successor(provider: str, workspace_id: str) -> ProviderAccount | None:
    """Return a workspace's present account at a provider, for jobs of one that is gone.

    A key that was replaced is most often of the same account there; if it is not, the provider says
    that it knows no such job.
    """
    return own_accounts(workspace_id).get(provider)


def own_accounts(workspace_id: str) -> Mapping[str, ProviderAccount]:
    """Return a workspace's own accounts by provider; known for a few seconds in each process."""
    owned = get_own_accounts(workspace_id)
    return {name: own_account(own) for name, own in owned.items() if name in PROVIDERS}


def own_account(own: OwnAccount) -> ProviderAccount:
    """Return a workspace's own account as adapters take it.

    Its address is the customer's word: unless the operator allows otherwise, only public ones are
    asked.
    """
    provider = PROVIDERS[own.provider]
    return ProviderAccount(
        provider.name,
        own.base_url or provider.base_url,
        own.key,
        own.secret,
        id=own.id,
        hosts=_hosts(provider, own.base_url),
        guarded=not conf.may_servers_be_private(),
    )


def _hosts(provider: Provider, base_url: str) -> frozenset[str]:
    """Return who else may get the key: none of the usual hosts where the address is another one."""
    return provider.hosts if base_url in ("", provider.base_url) else frozenset()
