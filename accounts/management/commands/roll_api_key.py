"""`roll_api_key WORKSPACE_ID KEY_ID --overlap 24h`: a new key in an old one's place."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.errors import KeyNotFound
from accounts.management.lifetimes import parse_span
from accounts.services.keys import roll_api_key
from accounts.types import SYSTEM_ACTOR
from common.errors import PixelFlowError


class Command(BaseCommand):
    help = "Replace an API key. The new secret is printed here, once, and kept nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace_id", metavar="WORKSPACE_ID")
        parser.add_argument("key_id", metavar="KEY_ID")
        parser.add_argument(
            "--overlap",
            type=parse_span,
            default="24h",
            metavar="24h",
            help="for how long the old key goes on: 0 to 7d",
        )
        parser.add_argument("--json", action="store_true", help='print {"id": …, "key": …}')

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            key = roll_api_key(
                actor=SYSTEM_ACTOR,
                workspace_id=options["workspace_id"],
                key_id=options["key_id"],
                overlap=options["overlap"],
            )
        except PixelFlowError as error:
            raise CommandError(_explain(error, options)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"id": key.id, "key": key.secret}))
        else:
            self.stdout.write(f"Created {key.id}. Keep the key, it is not shown again:")
            self.stdout.write(key.secret)


def _explain(error: PixelFlowError, options: dict[str, Any]) -> str:
    if isinstance(error, KeyNotFound):
        return f"There is no key {options['key_id']}."
    return (
        f"There is no workspace {options['workspace_id']}." if error.status == 404 else error.detail
    )
