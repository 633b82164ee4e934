"""JSON out: fast, and never stopped by one bad row."""

import json
from typing import Any

import orjson


def render_json(value: Any) -> bytes:
    r"""Return UTF-8 JSON.

    Text that cannot be UTF-8 (a lone surrogate that got past the gate years ago) is written as a
    `\u` escape instead of failing the whole answer (TRUST.md L8).
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return json.dumps(value, separators=(",", ":"), default=str).encode("ascii")
