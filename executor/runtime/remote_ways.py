"""What a remote node asks for, by which ways it can be asked for now, and what that costs. Reads only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, cast

from common.clock import Clock
from executor.engine.charges import Charges, charges_of
from executor.engine.routes import Tried, Way
from executor.models import Attempt, Execution
from executor.providers.account import PLATFORM, ProviderAccount
from executor.providers.circuits import Avoided
from executor.selectors.routing import OWN, get_standing
from executor.services.accept import PRICES
from executor.types import RunError
from workflows.catalogue.node import Inputs
from workflows.catalogue.remote import ProviderCall, RemoteNode
from workflows.catalogue.tasks.base import ModelNode
from workflows.graphs.resolved import ResolvedNode


class Asked:
    """One run of a remote node: its arguments, and what they come to at each provider."""

    def __init__(self, node: ResolvedNode, execution: Execution, args: Any) -> None:
        self.node = node
        self.model = node.spec.model
        self._args = args
        self._options = execution.options
        self._mode = execution.mode
        self._remote = cast("RemoteNode[Any, Any]", node.spec.node())

    @property
    def by_own(self) -> bool:
        """Whether the run was accepted to be done by the workspace's own accounts."""
        return self.node.id in self._options.get(OWN, {})

    @property
    def has_price(self) -> bool:
        """Whether the run was accepted with a price for this node."""
        return self.node.id in self._options.get(PRICES, {})

    @property
    def give_up_s(self) -> float:
        """After how many seconds nobody waits any more."""
        return self.call(0).give_up_s if self.model is None else self.model.give_up_s

    def routes(self) -> list[tuple[int, str]]:
        """Return the routes that can do this, the best first: number and provider.

        Raises:
            NodeFailed: the arguments are no good.
        """
        if not isinstance(self._remote, ModelNode):
            return [(0, self._remote.request(self._args).provider)]
        routes = self._remote.model.routes
        return [(number, routes[number].provider) for number in self._remote.routes(self._args)]

    def route_of(self, attempt: Attempt) -> int | None:
        """Return the number that an attempt's route has by now; None where it was taken out."""
        if self.model is None:
            return 0
        wanted = (attempt.provider, attempt.model)
        found = [(route.provider, route.model) for route in self.model.routes]
        if attempt.route < len(found) and found[attempt.route] == wanted:
            return attempt.route
        return found.index(wanted) if wanted in found else None

    def call(self, route: int) -> ProviderCall:
        """Return what to ask for by a route.

        Raises:
            NodeFailed: the arguments are no good.
        """
        if isinstance(self._remote, ModelNode):
            return self._remote.request_by(route, self._args)
        return self._remote.request(self._args)

    def price(self, way: Way) -> Callable[[Any], int]:
        """Return what tells the credits of a run by the data of its answer.

        It is kept for as long as the job lasts, so it holds no more than it needs.
        """
        fees = self._options.get(OWN, {}).get(self.node.id)
        if fees is not None:
            return partial(_fee, fees.get(way.provider, 0))
        charges = charges_of(self._options, self._mode)
        if self.node.id not in charges.prices:
            return partial(_fee, 0)
        price = Charges({self.node.id: charges.prices[self.node.id]})
        return partial(_charged, price, self.node.id, self._args)

    def told(self, way: Way, passed_over: Sequence[str]) -> Mapping[str, Any] | None:
        """Return what a model node's entry tells of the way that was taken."""
        if self.model is None:
            return None
        route = {
            "provider": way.provider,
            "account": "platform" if way.account == PLATFORM else "own",
            "fallbackFrom": list(passed_over),
        }
        return {"provider": way.provider, "route": route}


@dataclass(frozen=True, slots=True)
class Offer:
    """The ways that there are now, the best first, and those `closed` that there would be else.

    `can_do` says that some account's route could do it.
    """

    ways: Sequence[Way]
    closed: Sequence[Way]
    accounts: Mapping[str, ProviderAccount]
    avoided: Avoided = field(default_factory=Avoided)
    by_own: bool = False
    order: Sequence[Way] = ()

    def rests_until(self, way: Way) -> datetime | None:
        """Return until when a way's provider is given a pause."""
        return self.avoided.rests_until(self.accounts[way.provider])

    def passed_over(self, way: Way, tried: Sequence[Attempt]) -> list[str]:
        """Return the providers that would have been asked first, were they not out of order."""
        ahead = self.order[: self.order.index(way)] if way in self.order else ()
        names = [each.provider for each in ahead] + earlier_providers(way, tried)
        return [name for name in dict.fromkeys(names) if name != way.provider]

    def why_not(self, node_id: str) -> RunError:
        """Return why there is no way at all."""
        if self.closed:
            message = "The provider does not serve this account at the moment."
            return RunError("provider_unavailable", message, node_id, True, self.closed[0].provider)
        if self.accounts:
            message = "No provider that is set up here can do this."
            return RunError("invalid_value", message, node_id)
        message = (
            "The key for this is not there any more."
            if self.by_own
            else ("No account for this is set up here.")
        )
        return RunError("missing_credentials", message, node_id)


def find_offer(asked: Asked, execution: Execution, avoided: Avoided, clock: Clock) -> Offer:
    """Return by which ways a node can be asked for now.

    Providers that are given a pause come last, those that are refused or switched off not at all.

    Raises:
        NodeFailed: the arguments are no good.
    """
    routes = asked.routes()
    standing = get_standing(execution.workspace_id, clock=clock)
    if asked.model is not None:
        accounts = standing.accounts_for(
            asked.model, by_own=asked.by_own, has_price=asked.has_price
        )
    else:
        accounts = standing.accounts_at(routes[0][1])
    order = [Way(number, name, accounts[name].id) for number, name in routes if name in accounts]
    ways: list[Way] = []
    closed: list[Way] = []
    for way in order:
        account = accounts[way.provider]
        is_open = standing.is_usable(account) and not avoided.is_refused(account)
        (ways if is_open else closed).append(way)
    ways.sort(key=lambda way: avoided.rests_until(accounts[way.provider]) is not None)
    return Offer(ways, closed, accounts, avoided, asked.by_own, order)


def tried_way(attempt: Attempt) -> Tried:
    """Return what a closed attempt says of its way."""
    way = Way(attempt.route, attempt.provider, attempt.account)
    error = attempt.error or {}
    return Tried(way, error.get("code", "provider_error"), bool(error.get("retryable")))


def earlier_providers(way: Way, tried: Sequence[Attempt]) -> list[str]:
    """Return the providers that were asked in vain before a way was taken, each once."""
    names = [attempt.provider for attempt in tried if attempt.error]
    return [name for name in dict.fromkeys(names) if name != way.provider]


def _fee(credits_: int, _data: Any) -> int:
    return credits_


def _charged(charges: Charges, node_id: str, args: Inputs, data: Any) -> int:
    usage = data.get("usage") if isinstance(data, dict) else None
    return charges.of(node_id, args, usage=usage if isinstance(usage, dict) else None)
