"""`manage.py purge`: every regular job once, now; workers do them by themselves when they are due."""

from typing import Any

from django.core.management.base import BaseCommand

from executor.services.upkeep import do_by_hand


class Command(BaseCommand):
    help = (
        "End runs past the age limit, remove what is past its retention, and collect the bytes of "
        "deleted files and of files that never came to be."
    )

    def handle(self, **_: Any) -> None:
        for name, figure in do_by_hand().items():
            self.stdout.write(f"{figure:>9,} {name}")
