"""The staff's pages of `billing`; importing a module here registers them."""

from billing.admin import ledger, plans, stripe

__all__ = ["ledger", "plans", "stripe"]
