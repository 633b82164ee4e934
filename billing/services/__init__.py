"""Writes of `billing`, by subject: each checks, writes in one transaction, and returns a ref."""
