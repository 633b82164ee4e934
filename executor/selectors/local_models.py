"""Which models' weights lie on this installation's own accelerator, as its server tells."""

import time
from functools import lru_cache
from typing import Any

import httpx

from executor.local.types import Recipe
from executor.selectors.accounts import platform_accounts
from workflows.catalogue.model import ModelSpec, Route

LOCAL = "local"
KEEP_S = 10.0  # a model that was put there is offered within this time
ASK_TIMEOUT_S = 1.0
MAX_MODELS = 10_000


def list_local_models() -> frozenset[str]:
    """Return the repositories that are there; none where there is no server or it does not answer."""
    account = platform_accounts().get(LOCAL)
    if account is None:
        return frozenset()
    return _asked(account.base_url, account.key, int(time.monotonic() // KEEP_S))


def is_local(model: ModelSpec, here: frozenset[str]) -> bool:
    """Say whether a model can run on the accelerator with the repositories that are there."""
    routes = (route for route in model.routes if route.provider == LOCAL)
    return any(here.issuperset(_repositories(route)) for route in routes)


def _repositories(route: Route) -> list[str]:
    load = route.constants.get("load", {})
    return Recipe(str(route.constants.get("pipeline")), route.model, load).repositories()


@lru_cache(maxsize=4)
def _asked(base_url: str, key: str, _: int) -> frozenset[str]:
    """Ask the server; the number is that of the span of time that the answer is kept for."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        answer = httpx.get(f"{base_url}/models", headers=headers, timeout=ASK_TIMEOUT_S)
        return _names_in(answer.json()) if answer.is_success else frozenset()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return frozenset()


def _names_in(answer: Any) -> frozenset[str]:
    names = answer.get("models") if isinstance(answer, dict) else None
    if not isinstance(names, list):
        return frozenset()
    return frozenset(name for name in names[:MAX_MODELS] if isinstance(name, str))
