"""`GET /me`: what a key is good for."""

from typing import Literal, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.http import openapi  # noqa: F401 - registers the scheme with drf-spectacular
from accounts.selectors import get_workspace
from accounts.types import Principal, Scope, WorkspaceRef
from common.http.drf import ApiView
from common.http.schema import ApiModel


class MeWorkspace(ApiModel):
    """The workspace that the key belongs to."""

    id: str
    name: str
    plan: str


class MeKey(ApiModel):
    """The key itself, without its secret."""

    id: str
    name: str


class Me(ApiModel):
    """Who is calling: the workspace, the key, what it may do, and its mode."""

    workspace: MeWorkspace
    key: MeKey
    scopes: list[str]
    mode: Literal["live", "test"]


class MeView(ApiView):
    """The caller's own key; any key may ask."""

    @extend_schema(operation_id="getMe", summary="Describe the key in use", responses=Me)
    def get(self, request: Request) -> Response:
        """Return workspace, key, scopes and mode."""
        principal = cast(Principal, request.auth)
        return Response(_me(principal, get_workspace(principal.workspace_id)).model_dump())


def _me(principal: Principal, workspace: WorkspaceRef) -> Me:
    return Me(
        workspace=MeWorkspace(id=workspace.id, name=workspace.name, plan=workspace.plan),
        key=MeKey(id=principal.key_id, name=principal.key_name),
        scopes=[scope.value for scope in Scope if scope in principal.scopes],
        mode=principal.mode,
    )
