"""The staff's pages of `executor`; importing a module here registers them."""

from executor.admin import providers, runs

__all__ = ["providers", "runs"]
