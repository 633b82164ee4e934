"""A version keeps the words that were handed in with it; a workflow makes one template."""

from django.db import migrations, models
from django.db.models import Q

import common.fields


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_invitations_and_policies"),
        ("templates_gallery", "0001_gallery"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="template",
            options={"base_manager_name": "unscoped", "default_manager_name": "unscoped"},
        ),
        migrations.AlterModelManagers(
            name="template", managers=[("unscoped", models.Manager())]
        ),
        migrations.AddField(
            model_name="templateversion",
            name="fields",
            field=common.fields.CheckedJSONField(default=dict),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.UniqueConstraint(
                condition=~Q(workflow_id=""),
                fields=("workspace", "workflow_id"),
                name="template_once_of_workflow",
            ),
        ),
    ]
