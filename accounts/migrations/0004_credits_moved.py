"""The balance of a workspace is billing's now: the old column goes, after billing has copied it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_audit_is_final"),
        ("billing", "0004_opening_balances"),
    ]

    operations = [
        migrations.RemoveConstraint("workspace", "workspace_credits_not_negative"),
        migrations.RemoveField("workspace", "credits"),
    ]
