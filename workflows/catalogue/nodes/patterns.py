"""Regular expressions that users write, run where they cannot hang or fill a worker.

RE2 takes time linear in the text and memory under a fixed bound whatever the pattern; `re` does
neither, and an engine with a time limit can still be made to fill memory while it compiles.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from common.clock import utc_now
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.nodes.limits import check_text

MAX_PATTERN = 1_000  # characters
MAX_SEARCHED = 128 * 1024  # characters
MAX_MATCHES = 10_000
MAX_SEARCH_S = 1.0  # each of many matches may read the text to its end
MAX_WORK = 64 * 1024 * 1024  # steps of the compiled pattern times characters: about two seconds
PATTERN_MEMORY = 8 * 1024 * 1024  # bytes

SYNTAX_HELP = "In RE2 syntax: as in most languages, but without look-around and back-references."


def compile_pattern(pattern: str, *, match_case: bool) -> Any:
    """Return the compiled pattern.

    Raises:
        NodeFailed: `invalid_value` for one that cannot be read, `resource_limit` for one that is
            too long or would need too much memory.
    """
    import re2

    if len(pattern) > MAX_PATTERN:
        raise NodeFailed("resource_limit", f"The pattern is longer than {MAX_PATTERN}.")
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY
    options.log_errors = False
    options.case_sensitive = match_case
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise _refusal(error) from error


def find_all(pattern: Any, text: str) -> Iterator[Any]:
    """Yield the matches of a compiled pattern, in order.

    Raises:
        NodeFailed: `resource_limit` for a text that is too long for the pattern, for too many
            matches, or for too much time.
    """
    _check_work(pattern, text)
    until = utc_now() + timedelta(seconds=MAX_SEARCH_S)
    for count, match in enumerate(pattern.finditer(text)):
        if count >= MAX_MATCHES:
            raise NodeFailed(
                "resource_limit", f"The pattern matches more than {MAX_MATCHES} times."
            )
        if count % 16 == 15 and utc_now() > until:
            raise NodeFailed("resource_limit", "The pattern takes too long on this text.")
        yield match


def is_found(pattern: Any, text: str) -> bool:
    """Say whether a compiled pattern matches anywhere.

    Raises:
        NodeFailed: `resource_limit` for a text that is too long for the pattern.
    """
    _check_work(pattern, text)
    return pattern.search(text) is not None


def replace_all(pattern: Any, text: str, replacement: Callable[[Any], str]) -> str:
    """Return `text` with each match replaced.

    Raises:
        NodeFailed: as `find_all`, and `resource_limit` when the result grows too long.
    """
    parts: list[str] = []
    length, position = 0, 0
    for match in find_all(pattern, text):
        parts += (text[position : match.start()], replacement(match))
        position = match.end()
        length += len(parts[-2]) + len(parts[-1])
        check_text(length)
    parts.append(text[position:])
    check_text(length + len(parts[-1]))
    return "".join(parts)


def group_of(pattern: Any, name: str) -> int | str:
    """Return the group that a user named, by number or by name.

    Raises:
        NodeFailed: `invalid_value` when the pattern has no such group.
    """
    if name.isascii() and name.isdigit() and len(name) < 4 and int(name) <= pattern.groups:
        return int(name)
    if name in pattern.groupindex:
        return name
    raise NodeFailed("invalid_value", f"The pattern has no group {name[:50]!r}.")


def _check_work(pattern: Any, text: str) -> None:
    if len(text) > MAX_SEARCHED:
        raise NodeFailed("resource_limit", f"Patterns search at most {MAX_SEARCHED} characters.")
    if pattern.programsize * len(text) > MAX_WORK:
        raise NodeFailed("resource_limit", "The pattern is too complex for a text of this length.")


def _refusal(error: Exception) -> NodeFailed:
    reason = error.args[0] if error.args else "it cannot be read"
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    code = "resource_limit" if "too large" in text or "repetition" in text else "invalid_value"
    return NodeFailed(code, f"The pattern does not work: {text[:200]}.")
