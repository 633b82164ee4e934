"""Tenant scope that fails closed: a query of customers' rows without a workspace raises.

Every table of a customer has a `workspace` column and takes `TenantManager` as its `objects`:
`Thing.objects.of(workspace_id)` is the one way to its rows. Engine, sweeper and staff code, which
serve all workspaces, say so loudly with `Thing.objects.across_workspaces()`.
"""

from typing import Any, ClassVar, Never, Self, TypeVar

from django.db import models

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class ScopeError(RuntimeError):
    """A tenant table was queried without saying whose rows are meant: a bug, never a user error."""


class TenantManager(models.Manager[Row_co]):
    """A manager whose unscoped use raises `ScopeError`."""

    use_in_migrations = False

    def of(self, workspace_id: str) -> models.QuerySet[Row_co]:
        """Return the rows of one workspace."""
        if not workspace_id:
            raise ScopeError(f"{self.model.__name__}: an empty workspace id")
        return super().get_queryset().filter(workspace_id=workspace_id)

    def across_workspaces(self) -> models.QuerySet[Row_co]:
        """Return everybody's rows; for code that serves all workspaces and shows none of them."""
        return super().get_queryset()

    def insert(self, **fields: Any) -> Row_co:
        """Insert one row; the workspace is a field like the others and may not be missing."""
        if not (fields.get("workspace_id") or fields.get("workspace")):
            raise ScopeError(f"{self.model.__name__}: insert without a workspace")
        return super().get_queryset().create(**fields)

    def get_queryset(self) -> Never:
        """Refuse: `objects.all()`, `.filter()` and friends have no scope."""
        raise ScopeError(
            f"{self.model.__name__}.objects needs a scope: use .of(workspace_id), or "
            ".across_workspaces() where code serves them all"
        )


class TenantModel(models.Model):
    """Base of tables that belong to a workspace. `_base_manager` stays unscoped for Django itself."""

    objects: ClassVar[TenantManager[Self]] = TenantManager()
    unscoped: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        abstract = True
        base_manager_name = "unscoped"
        default_manager_name = "unscoped"
