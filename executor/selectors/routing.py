"""Which models a workspace may run, by whose accounts, and what speaks against it.

Who pays is decided when a run is accepted: a workspace that has an account of its own at a provider
of a model runs it by its own accounts alone, for the fee that staff set; any other by the
platform's, for the catalogue's price. By which of the routes is decided when the node runs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from accounts.api import KeyPolicy, get_key_policy
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Issue
from executor.providers.account import ProviderAccount
from executor.selectors.accounts import own_accounts, platform_accounts
from executor.selectors.adapters import adapter_classes
from executor.selectors.local_models import LOCAL, is_local, list_local_models
from executor.selectors.planning import plan_of
from executor.selectors.provider_terms import ProviderTerms, get_terms
from workflows.api import get_catalogue
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.providers import PROVIDERS
from workflows.catalogue.spec import NodeSpec

Fees = Mapping[str, int]  # credits for a run by an own account, by provider

# In `Execution.options`: the model nodes that run by own accounts, with their fees.
OWN = "own"


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """A model node of a version: `place` is its id, behind those of the nodes that run its workflow."""

    place: str
    spec: NodeSpec
    model: ModelSpec


@dataclass(frozen=True, slots=True)
class Standing:
    """The accounts that there are at a moment, as a workspace sees them.

    `here` are the repositories whose weights lie on the installation's own accelerator.
    """

    now: datetime
    terms: ProviderTerms
    platform: Mapping[str, ProviderAccount]
    own: Mapping[str, ProviderAccount] = field(default_factory=dict)
    policy: KeyPolicy = KeyPolicy.PLATFORM_ONLY
    here: frozenset[str] = frozenset()

    def runs_by_own(self, model: ModelSpec) -> bool:
        """Say whether the workspace runs a model by its own accounts."""
        if self.policy == KeyPolicy.PLATFORM_ONLY:
            return False
        return self.policy == KeyPolicy.OWN_ONLY or bool(self._owned(model))

    def accounts_for(
        self, model: ModelSpec, *, by_own: bool, has_price: bool
    ) -> dict[str, ProviderAccount]:
        """Return the accounts that a model may be run by, by provider, usable or not.

        Without a price the platform gives only what runs here.
        """
        if by_own:
            return self._owned(model)
        return {
            name: account
            for name, account in self.platform.items()
            if has_price or _runs_here(name)
            if any(route.provider == name for route in model.routes)
            if name != LOCAL or is_local(model, self.here)
        }

    def accounts_at(self, provider: str) -> dict[str, ProviderAccount]:
        """Return the account that a node without a model asks a provider by, if there is one."""
        if provider not in PROVIDERS:  # an installation's own adapter brings what it needs
            return {provider: ProviderAccount(provider, "")}
        own = None if self.policy == KeyPolicy.PLATFORM_ONLY else self.own.get(provider)
        if own is None and self.policy != KeyPolicy.OWN_ONLY:
            own = self.platform.get(provider)
        return {} if own is None else {provider: own}

    def fees_for(self, model: ModelSpec) -> dict[str, int]:
        """Return what a run by own accounts costs, by provider."""
        return {name: self.terms.of(name).fee for name in self._owned(model)}

    def is_usable(self, account: ProviderAccount) -> bool:
        """Say whether there is an adapter, and neither staff nor the provider speak against it."""
        return (
            account.provider in adapter_classes()
            and not self.terms.of(account.provider).is_off
            and not self.terms.is_blocked(account.provider, account.id, self.now)
        )

    def why_not(self, spec: NodeSpec) -> str | None:
        """Return why a live run of a model cannot be accepted, fit for customers; None if it can."""
        model, has_price = _model(spec), spec.price is not None
        if model.is_retired:
            return _retired(model)
        if spec.is_off:
            return f"{model.name} is switched off at the moment."
        by_own = self.runs_by_own(model)
        accounts = self.accounts_for(model, by_own=by_own, has_price=has_price)
        if any(self.is_usable(account) for account in accounts.values()):
            return None
        if accounts:
            return f"{model.name} cannot be reached at the moment: no provider of it serves us."
        if not by_own and not has_price:
            return f"{model.name} has no price here yet. It runs by a key of your own."
        return f"{model.name} needs a key of your own: nobody's account for it is set up here."

    def _owned(self, model: ModelSpec) -> dict[str, ProviderAccount]:
        providers = {route.provider for route in model.routes}
        return {name: account for name, account in self.own.items() if name in providers}


@dataclass(frozen=True, slots=True)
class Payers:
    """Which model nodes of a version run by own accounts, for which fees, and which cannot run."""

    own: Mapping[str, Fees] = field(default_factory=dict)
    problems: Sequence[Issue] = ()


NO_MODELS = Payers()


def get_standing(workspace_id: str | None, *, clock: Clock = SYSTEM_CLOCK) -> Standing:
    """Return the accounts that a workspace may use; without one, those of the platform alone."""
    common = (clock.now(), get_terms(), platform_accounts())
    here = list_local_models()
    if workspace_id is None:
        return Standing(*common, here=here)
    own, policy = own_accounts(workspace_id), get_key_policy(workspace_id)
    return Standing(*common, own, policy, here)


def find_payers(
    workspace_id: str,
    version_id: str,
    *,
    mode: str,
    ended: Collection[str] = (),
    clock: Clock = SYSTEM_CLOCK,
) -> Payers:
    """Return who pays for the model nodes of a version, in workflows that its nodes run as well.

    Nodes that have `ended` need nothing. A version without models costs no statement. In test mode
    nobody pays, and all but retired models can run.
    """
    places = [each for each in models_of(version_id) if each.place.split("/")[0] not in ended]
    if not places:
        return NO_MODELS
    if mode == "test":
        retired = [_issue(each, _retired(each.model)) for each in places if each.model.is_retired]
        return Payers(problems=retired)
    standing = get_standing(workspace_id, clock=clock)
    own, problems = {}, []
    for each in places:
        reason = standing.why_not(each.spec)
        if reason is not None:
            problems.append(_issue(each, reason))
        if standing.runs_by_own(each.model):
            own[each.place] = standing.fees_for(each.model)
    return Payers(own, problems)


def models_of(version_id: str) -> tuple[ModelPlace, ...]:
    """Return the model nodes of a version, with those of the workflows that its nodes run.

    Raises:
        InvalidGraph: it cannot run under today's catalogue.
    """
    return _models_of(version_id, get_catalogue().digest)


@lru_cache(maxsize=512)
def _models_of(version_id: str, catalogue_digest: str) -> tuple[ModelPlace, ...]:
    found: list[ModelPlace] = []
    for node in plan_of(version_id).graph.nodes:
        if node.spec.model is not None:
            found.append(ModelPlace(node.id, node.spec, node.spec.model))
        if node.callee is not None:
            inner = _models_of(node.callee.version_id, catalogue_digest)
            found += [replace(each, place=f"{node.id}/{each.place}") for each in inner]
    return tuple(found)


def own_prices(prices: Mapping[str, str], own: Mapping[str, Fees]) -> dict[str, str]:
    """Return frozen prices with those of own accounts in their place: the highest of the fees."""
    fees = {place: max(each.values(), default=0) for place, each in own.items()}
    kept = {place: text for place, text in prices.items() if place not in fees}
    return kept | {place: str(fee) for place, fee in fees.items() if fee}


def _model(spec: NodeSpec) -> ModelSpec:
    assert spec.model is not None  # noqa: S101 - the callers have models' node types alone
    return spec.model


def _runs_here(provider: str) -> bool:
    return provider in PROVIDERS and PROVIDERS[provider].kind == "local"


def _issue(each: ModelPlace, message: str) -> Issue:
    return Issue(f"nodes/{each.place.split('/')[0]}", "unavailable", message)


def _retired(model: ModelSpec) -> str:
    successor = f" Its successor is {model.replaced_by}." if model.replaced_by else ""
    return f"{model.name} was retired by its vendor.{successor}"
