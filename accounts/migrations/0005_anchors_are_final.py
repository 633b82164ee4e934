"""Anchors of the audit log prove nothing if they can be moved."""

from django.db import migrations

from common.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_credits_moved")]

    operations = [refuse_changes("accounts_auditanchor")]
