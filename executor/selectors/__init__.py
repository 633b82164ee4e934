"""Reads: plans of versions, runs as the API shows them, files."""
