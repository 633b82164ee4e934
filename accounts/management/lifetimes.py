"""Spans of time as they are typed on the command line."""

import argparse
import re
from datetime import timedelta

MAX_LIFETIME = timedelta(days=3650)
_SPAN = re.compile(r"([0-9]{1,6})([mhdw])")
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def parse_lifetime(text: str) -> timedelta:
    """Return a time from its short form: `90m`, `12h`, `30d`, `4w`.

    Raises:
        argparse.ArgumentTypeError: another form, zero, or more than ten years.
    """
    lifetime = parse_span(text)
    if not lifetime:
        raise _refusal(text)
    return lifetime


def parse_span(text: str) -> timedelta:
    """Return a time as `parse_lifetime`, or zero for `0`.

    Raises:
        argparse.ArgumentTypeError: another form, or more than ten years.
    """
    match = _SPAN.fullmatch(text)
    if match is None and text != "0":
        raise _refusal(text)
    span = int(match[1]) * _UNITS[match[2]] if match else timedelta()
    if span > MAX_LIFETIME:
        raise _refusal(text)
    return span


def _refusal(text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"not a time like 90m, 12h, 30d or 4w: {text!r}")
