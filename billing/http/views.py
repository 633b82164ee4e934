"""`/usage/balance`: credits, plan and limits."""

from dataclasses import asdict
from typing import ClassVar, cast

from drf_spectacular.utils import extend_schema
from pydantic.alias_generators import to_camel
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Principal, get_workspace
from billing.http.schemas import Balance
from billing.selectors.balances import get_balance
from billing.selectors.limits import limits_of
from billing.services.balances import refresh_account
from billing.types import PlanLimits
from common.clock import rfc3339, utc_now
from common.http.drf import NO_STORE, ApiView
from common.http.openapi import KEY_PROBLEMS, problems


class BalanceView(ApiView):
    """What the workspace has."""

    scopes: ClassVar = {"GET": "usage"}

    @extend_schema(
        operation_id="getBalance",
        summary="Read credits, plan and limits",
        responses={200: Balance, **problems(*KEY_PROBLEMS)},
    )
    def get(self, request: Request) -> Response:
        """Return the credits as they are now, with the limits of the workspace."""
        workspace = get_workspace(cast(Principal, request.auth).workspace_id)
        refresh_account(workspace_id=workspace.id, now=utc_now())
        found = get_balance(workspace.id)
        answer = {
            "balance": found.available + found.held,
            "held": found.held,
            "available": found.available,
            "plan": workspace.plan,
            "limits": _limits_json(limits_of(workspace)),
            "renewsAt": rfc3339(found.renews_at),
        }
        return Response(answer, headers=NO_STORE)


def _limits_json(limits: PlanLimits) -> dict[str, int | None]:
    return {to_camel(name): figure for name, figure in asdict(limits).items()}
