"""`create_api_key WORKSPACE_ID --scopes execute,read`: an API key, from the command line."""

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.management.lifetimes import parse_lifetime
from accounts.services.keys import create_api_key
from accounts.types import SYSTEM_ACTOR, KeyRestrictions
from common.clock import SYSTEM_CLOCK
from common.errors import PixelFlowError


class Command(BaseCommand):
    help = "Create an API key. Its secret is printed here, once, and kept nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace_id", metavar="WORKSPACE_ID")
        parser.add_argument("--scopes", required=True, help="execute,read,write,usage or some")
        parser.add_argument("--test", action="store_true", help="a test key: runs cost nothing")
        parser.add_argument("--expires", type=parse_lifetime, metavar="30d")
        parser.add_argument("--name", default="Command line")
        parser.add_argument(
            "--monthly-cap", type=int, metavar="CREDITS", help="what it may spend in a month"
        )
        parser.add_argument(
            "--workflow", action="append", default=[], metavar="WF_ID", help="may be repeated"
        )
        parser.add_argument(
            "--address",
            action="append",
            default=[],
            metavar="192.0.2.0/24",
            help="where it may be used from; may be repeated",
        )
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
                restrictions=KeyRestrictions(
                    options["monthly_cap"], tuple(options["workflow"]), tuple(options["address"])
                ),
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
