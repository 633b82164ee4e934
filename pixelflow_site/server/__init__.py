"""Serving: which handler answers what, the strict HTTP protocol, and the embedded process."""
