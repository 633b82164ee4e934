"""Count what each workspace has under way, where that was not kept before."""

from django.db import migrations
from django.db.models import Count


def count_runs(apps, schema_editor):
    execution = apps.get_model("executor", "Execution")
    load = apps.get_model("executor", "WorkspaceLoad")
    under_way = execution._base_manager.filter(status__in=("QUEUED", "RUNNING"))
    counts = under_way.order_by().values_list("workspace_id").annotate(Count("id"))
    load.objects.bulk_create(
        [load(workspace_id=workspace, running=running) for workspace, running in counts]
    )


class Migration(migrations.Migration):
    dependencies = [("executor", "0002_full_strength")]

    operations = [migrations.RunPython(count_runs, migrations.RunPython.noop)]
