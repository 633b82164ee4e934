"""What the staff admins of several apps share. It registers nothing: `common` has no tables."""

from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest


class NoDeleteMixin:
    """History names these rows, so they are switched off instead."""

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        obj: Model | None = None,  # noqa: ARG002
    ) -> bool:
        """Refuse."""
        return False


class LookOnlyMixin(NoDeleteMixin):
    """Rows that services alone write: staff look at them."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Refuse."""
        return False

    def has_change_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Model | None = None,  # noqa: ARG002
    ) -> bool:
        """Refuse."""
        return False


class ExactSearchMixin:
    """Search that an index answers: whole ids and addresses, which are stored in lower case."""

    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return Django's results for the term as it is stored."""
        results: tuple[QuerySet[Any], bool] = super().get_search_results(  # type: ignore[misc]
            request, queryset, search_term.strip().lower()
        )
        return results
