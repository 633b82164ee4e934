"""`manage.py catalogue`: check the model files, compare the catalogue with its lock file, or renew that."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows.catalogue.load import build_catalogue
from workflows.catalogue.lock import LOCK_PATH, render_lock
from workflows.catalogue.model_files import list_file_problems


class Command(BaseCommand):
    help = "Check model files and the catalogue's lock file (--check), or write it anew (--write)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        choice = parser.add_mutually_exclusive_group(required=True)
        choice.add_argument("--write", action="store_true", help="write lock.json")
        choice.add_argument("--check", action="store_true", help="fail when lock.json is stale")
        parser.add_argument("--path", type=Path, default=LOCK_PATH, help="another lock file")

    def handle(self, *_: Any, **options: Any) -> None:
        problems = list_file_problems()
        if problems:
            raise CommandError("\n".join(problems))
        catalogue = build_catalogue()
        text = render_lock(catalogue)
        path: Path = options["path"]
        if options["write"]:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            raise CommandError("lock.json is not that of the catalogue: scripts/catalogue --write")
        self.stdout.write(f"{len(catalogue.specs)} node types, digest {catalogue.digest[:12]}")
