"""Reading the counters of usage. What is not counted yet is for the app that runs things to add."""

from django.db.models import Q, Sum

from billing.models import UsageDay
from billing.types import UsageGroup, UsageQuery, Used

_COLUMN = {
    UsageGroup.DAY: "day",
    UsageGroup.WORKFLOW: "workflow_id",
    UsageGroup.KEY: "key_id",
    UsageGroup.MODEL: "model",
}


def sum_counted(query: UsageQuery) -> dict[str, Used]:
    """Return what is counted, by what `UsageSlot.group` files it under."""
    column = _COLUMN[query.by]
    of_runs = Q(model="")
    rows = UsageDay.objects.of(query.workspace_id).filter(
        ~of_runs if query.by is UsageGroup.MODEL else of_runs,
        day__range=(query.first, query.last),
        mode=query.mode,
    )
    if query.workflows:
        rows = rows.filter(workflow_id__in=sorted(query.workflows))
    sums = rows.values(column).annotate(runs=Sum("executions"), cost=Sum("credits")).order_by()
    return {str(row[column]): Used(row["runs"], row["cost"]) for row in sums}
