"""Writes of `workflows`. Each checks, writes in one transaction, and returns a ref."""
