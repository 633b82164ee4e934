"""`manage.py purge`: every regular job once, now; workers do them by themselves when they are due."""

from typing import Any

from django.core.management.base import BaseCommand

from executor.services.upkeep import do_by_hand


class Command(BaseCommand):
    help = (
        "Do every regular job once: end runs past the age limit, count usage, book credits that "
        "expired or are due, remove what is past its retention, check the ledger, and so on."
    )

    def handle(self, **_: Any) -> None:
        for name, figure in do_by_hand().items():
            self.stdout.write(f"{figure:>9,} {name}")
