"""Audit entries are written once: the database refuses to change or delete them."""

from django.db import migrations

from common.append_only import refuse_changes


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_money_and_audit")]

    operations = [refuse_changes("accounts_auditentry")]
