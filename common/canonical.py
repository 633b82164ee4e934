"""Canonical JSON and digests over it: one spelling per value, so equal things have equal keys."""

import hashlib
import json


def canonical_json(value: object) -> bytes:
    """Return UTF-8 JSON with sorted keys, no spaces and exact number text."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8")


def digest(value: object) -> str:
    """Return the hex SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
