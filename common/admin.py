"""What the staff admins of several apps share. It registers nothing: `common` has no tables."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a table that grows without end: what lies past a bound is not even counted."""

    bound = 10_000

    @cached_property
    def count(self) -> int:
        """Return the number of rows, the bound at most."""
        rows = cast(QuerySet[Any], self.object_list)
        return rows[: self.bound].count()


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

    def changelist_view(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        """Show the list; a crafted action that is not offered is refused, not passed over."""
        action = request.POST.get("action")
        if action and action not in self.get_actions(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        response: HttpResponse = super().changelist_view(request, *args, **more)  # type: ignore[misc]
        return response


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


class CsvExportMixin:
    """The action `export_csv`: the columns in `csv_fields`, in cells that no spreadsheet runs.

    What is not to be shown on a page has no place in `csv_fields` either.
    """

    csv_fields: Sequence[str] = ()

    @admin.action(description="Export the selected rows as CSV", permissions=["view"])
    def export_csv(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Any],
    ) -> StreamingHttpResponse:
        """Return the selected rows as a file, line by line."""
        name = queryset.model._meta.model_name  # noqa: SLF001 - Django's public API
        response = StreamingHttpResponse(
            csv_lines(self.csv_fields, queryset), content_type="text/csv; charset=utf-8"
        )
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        response.headers["Cache-Control"] = "no-store"
        return response


def csv_lines(names: Sequence[str], rows: Iterable[Any]) -> Iterator[str]:
    """Yield the lines of a CSV file: the names, then these attributes of each row."""
    writer = csv.writer(_Echo())
    yield str(writer.writerow(names))
    for row in rows:
        yield str(writer.writerow([safe_cell(getattr(row, name)) for name in names]))


def safe_cell(value: Any) -> str:
    """Return a cell that a spreadsheet shows and does not run: an apostrophe before a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text
