"""`manage.py stripe_sync_prices`: put up at Stripe what is for sale."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.services.payments.prices import sync_prices
from common.errors import PixelFlowError


class Command(BaseCommand):
    help = "Make products and prices at Stripe for all plans and credit packs on offer."

    def handle(self, *_: Any, **__: Any) -> None:
        try:
            made = sync_prices()
        except PixelFlowError as error:
            raise CommandError(error.detail) from error
        for item, price_id in made.items():
            self.stdout.write(f"{item}  {price_id}")
