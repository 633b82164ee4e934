"""`manage.py reseal_provider_keys`: encrypt stored provider keys with the first of `SEALING_KEYS`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.services.provider_keys import reseal_provider_keys
from common.secrets import SecretUnreadable


class Command(BaseCommand):
    help = "Encrypt stored provider keys with the first of SEALING_KEYS; then old ones may go."

    def handle(self, *_: Any, **__: Any) -> None:
        try:
            count = reseal_provider_keys()
        except SecretUnreadable as error:
            raise CommandError(f"a stored key cannot be opened: {error}") from error
        self.stdout.write(f"{count} keys sealed anew")
