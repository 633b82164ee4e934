"""`create_api_key WORKSPACE_ID --scopes execute,read`: an API key, from the command line."""

import argparse
import json
import re
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services.keys import create_api_key
from accounts.types import SYSTEM_ACTOR
from common.clock import SYSTEM_CLOCK
from common.errors import PixelFlowError

MAX_LIFETIME = timedelta(days=3650)
_LIFETIME = re.compile(r"([0-9]{1,6})([mhdw])")
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def parse_lifetime(text: str) -> timedelta:
    """Return a time from its short form: `90m`, `12h`, `30d`, `4w`.

    Raises:
        argparse.ArgumentTypeError: another form, zero, or more than ten years.
    """
    match = _LIFETIME.fullmatch(text)
    lifetime = int(match[1]) * _UNITS[match[2]] if match else timedelta()
    if not timedelta() < lifetime <= MAX_LIFETIME:
        raise argparse.ArgumentTypeError(f"not a time like 90m, 12h, 30d or 4w: {text!r}")
    return lifetime


class Command(BaseCommand):
    help = "Create an API key. Its secret is printed here, once, and kept nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace_id", metavar="WORKSPACE_ID")
        parser.add_argument("--scopes", required=True, help="execute,read,write,usage or some")
        parser.add_argument("--test", action="store_true", help="a test key: runs cost nothing")
        parser.add_argument("--expires", type=parse_lifetime, metavar="30d")
        parser.add_argument("--name", default="Command line")
        parser.add_argument("--json", action="store_true", help='print {"id": …, "key": …}')

    def handle(self, *_: Any, **options: Any) -> None:
        lifetime: timedelta | None = options["expires"]
        try:
            key = create_api_key(
                actor=SYSTEM_ACTOR,
                workspace_id=options["workspace_id"],
                name=options["name"],
                mode="test" if options["test"] else "live",
                scopes=[scope.strip() for scope in options["scopes"].split(",")],
                expires_at=SYSTEM_CLOCK.now() + lifetime if lifetime else None,
            )
        except PixelFlowError as error:
            raise CommandError(_explain(error, options["workspace_id"])) from error
        if options["json"]:
            self.stdout.write(json.dumps({"id": key.id, "key": key.secret}))
        else:
            self.stdout.write(f"Created {key.id}. Keep the key, it is not shown again:")
            self.stdout.write(key.secret)


def _explain(error: PixelFlowError, workspace_id: str) -> str:
    return f"There is no workspace {workspace_id}." if error.status == 404 else error.detail
