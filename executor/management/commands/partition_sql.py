"""`manage.py partition_sql`: the SQL by which an operator partitions the large tables by month."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from executor import conf
from executor.services.partitions import TABLES, month_sql, switch_sql


class Command(BaseCommand):
    help = "Print the SQL of the switch to partitions, or with --month-only of one more month."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", help="as 2026-12; for the switch, one that lies ahead")
        parser.add_argument("--month-only", action="store_true")

    def handle(self, *, month: str, month_only: bool, **_: Any) -> None:
        if not conf.is_postgres():
            raise CommandError("only PostgreSQL has partitions")
        try:
            first = datetime.strptime(month, "%Y-%m")  # noqa: DTZ007 - a month has no zone
        except ValueError:
            raise CommandError("give a month as 2026-12") from None
        if month_only:
            statements = [month_sql(table, first.year, first.month) for table in TABLES]
        else:
            statements = ["BEGIN", *switch_sql(first.year, first.month), "COMMIT"]
        for statement in statements:
            self.stdout.write(statement.rstrip(";") + ";")
