"""`create_workspace NAME --owner EMAIL`: a workspace, from the command line."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.api import SYSTEM_ACTOR
from billing.services.accounts import open_workspace
from common.errors import PixelFlowError


class Command(BaseCommand):
    help = "Create a workspace; an unknown owner becomes a user without a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--owner", metavar="EMAIL", required=True)
        parser.add_argument("--plan", default="free")
        parser.add_argument("--credits", type=int, metavar="N", help="instead of the plan's own")
        parser.add_argument("--json", action="store_true", help='print {"id": "ws_…"}')

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            workspace = open_workspace(
                actor=SYSTEM_ACTOR,
                name=options["name"],
                owner_email=options["owner"],
                plan=options["plan"],
                credits=options["credits"],
            )
        except PixelFlowError as error:
            raise CommandError(error.detail) from error
        if options["json"]:
            self.stdout.write(json.dumps({"id": workspace.id}))
        else:
            self.stdout.write(f"Created {workspace.id}, owned by {options['owner']}.")
