"""One person's mailbox is known under all its spellings; mails that are on their way are kept."""

import common.clock
from accounts.types import mailbox_of
from django.db import migrations, models


def fill_mailboxes(apps, schema_editor):
    users = apps.get_model("accounts", "User").objects
    after = ""
    while batch := list(users.filter(pk__gt=after).order_by("pk")[:500]):
        for user in batch:
            user.mailbox = mailbox_of(user.email)
        users.bulk_update(batch, ["mailbox"])
        after = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_invitations_and_policies")]

    operations = [
        migrations.AddField(
            "user",
            "mailbox",
            models.CharField(blank=True, db_index=True, default="", editable=False, max_length=320),
        ),
        migrations.RunPython(fill_mailboxes, migrations.RunPython.noop),
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                ("id", models.CharField(editable=False, max_length=40, primary_key=True, serialize=False)),
                ("to", models.EmailField(max_length=254)),
                ("sealed", models.TextField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("due_at", models.DateTimeField()),
                ("created_at", models.DateTimeField(default=common.clock.utc_now, editable=False)),
            ],
            options={"indexes": [models.Index(fields=["due_at"], name="mail_due")]},
        ),
    ]
