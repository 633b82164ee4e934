"""`manage.py templates`: check the library, run its examples anew, list it, load it."""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from templates_gallery.services.library import check_library, is_local, read_library
from templates_gallery.services.library_files import LIBRARY, list_template_files
from templates_gallery.services.rendering import render_templates
from templates_gallery.types import CATEGORIES
from workflows.api import get_catalogue

_IN_A_FOLDER_OF_ITS_OWN = "PIXELFLOW_RENDERING"


class Command(BaseCommand):
    help = "The library of templates: check it, run examples, list it, load it into the database."
    requires_system_checks = ()  # files alone are read: pages may be broken meanwhile

    def add_arguments(self, parser: ArgumentParser) -> None:
        choice = parser.add_mutually_exclusive_group(required=True)
        choice.add_argument("--check", action="store_true", help="fail when anything is wrong")
        choice.add_argument("--list", action="store_true", help="print templates and their number")
        choice.add_argument("--load", action="store_true", help="put them into the database")
        choice.add_argument(
            "--render",
            nargs="*",
            metavar="SLUG",
            help="run the examples of these templates; without names, of all that are out of date",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["check"]:
            self._check()
        elif options["list"]:
            self._list()
        elif options["load"]:
            self._load()
        else:
            self._render(options["render"])

    def _check(self) -> None:
        problems = check_library(get_catalogue())
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write(f"{len(read_library())} templates")

    def _list(self) -> None:
        catalogue = get_catalogue()
        templates = read_library()
        local = {item.slug for item in templates if is_local(item, catalogue)}
        for item in sorted(templates, key=lambda item: (item.category, -item.position, item.slug)):
            place = "local" if item.slug in local else "model"
            self.stdout.write(
                f"{item.category:20} {place:6} {item.position:4} {item.slug:44} {item.title}"
            )
        counts = Counter(item.category for item in templates)
        for category in CATEGORIES:
            self.stdout.write(f"{category.key:20} {counts[category.key]:4}")
        self.stdout.write(f"{len(templates)} templates, {len(local)} of them local")

    def _load(self) -> None:
        from templates_gallery.services.loading import load_library  # noqa: PLC0415 - models: only this needs them

        self.stdout.write(f"Templates: {load_library()}")

    def _render(self, slugs: list[str]) -> None:
        if not os.environ.get(_IN_A_FOLDER_OF_ITS_OWN):
            sys.exit(_in_a_folder_of_its_own(slugs))
        known = {path.stem: path for path in list_template_files(LIBRARY)}
        unknown = set(slugs) - set(known)
        if unknown:
            raise CommandError(f"there is no template {', '.join(sorted(unknown))}")
        wanted = slugs or [item.slug for item in read_library() if _is_stale(item.examples)]
        call_command("migrate", verbosity=0)
        problems = render_templates([known[slug] for slug in wanted], say=self._say)
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write(f"{len(wanted)} templates rendered")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _is_stale(examples: Any) -> bool:
    return any(example.outputs is None for example in examples)


def _in_a_folder_of_its_own(slugs: list[str]) -> int:
    """Run this command again in a process whose data lie in a folder that goes with it."""
    with tempfile.TemporaryDirectory(prefix="pixelflow-render-") as folder:
        environment = {
            **os.environ,
            _IN_A_FOLDER_OF_ITS_OWN: "1",
            "DATA_DIR": folder,
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "DJANGO_SETTINGS_MODULE": "pixelflow_site.settings.base",
        }
        command = [sys.executable, sys.argv[0], "templates", "--render", *slugs]
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own command
