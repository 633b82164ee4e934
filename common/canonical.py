"""Canonical JSON and digests over it: one spelling per value, so equal things have equal keys."""

import hashlib
import json

_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode  # made once: that costs more than encoding a short text


def canonical_json(value: object) -> bytes:
    """Return UTF-8 JSON with sorted keys, no spaces and exact number text."""
    return _encode(value).encode("utf-8")


def digest(value: object) -> str:
    """Return the hex SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
