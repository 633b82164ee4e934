"""Kinds of value, ports, and the one table of what may be wired to what.

A kind is a word: `text`, `image`, `list[text]`, `any`. A port may also be declared over a variable
that takes the kind of what is wired to it (`$T`, `list[$T]`), or that of a parameter (`@items`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MEDIA_KINDS = frozenset({"image", "mask", "video", "audio", "model3d"})
JSON_KINDS = frozenset({"text", "number", "integer", "boolean", "json"})
ANY = "any"
ELEMENT_KINDS = MEDIA_KINDS | JSON_KINDS | {ANY}

# Beside equal kinds: a value of the key's kind may go where one of these is asked for.
WIDENS_TO: Mapping[str, frozenset[str]] = {
    "integer": frozenset({"number", "json"}),
    "number": frozenset({"json"}),
    "text": frozenset({"json"}),
    "boolean": frozenset({"json"}),
    "mask": frozenset({"image"}),
}

_LIST = re.compile(r"list\[(.+)\]")


@dataclass(frozen=True, slots=True)
class Port:
    """A named place of a node where an edge may end (input) or begin (output).

    `many` ports take any number of edges, in edge order. One whose kind is a list takes lists and
    single elements alike and strings them together; `elementwise` ports of a variable kind follow
    a mapped source element by element instead of taking its list whole.
    """

    name: str
    kind: str
    title: str = ""
    required: bool = True
    many: bool = False
    nullable: bool = False
    elementwise: bool = False


def is_kind(text: object) -> bool:
    """Say whether `text` names a concrete kind (`image`, `list[list[text]]`)."""
    if not isinstance(text, str):
        return False
    return text in ELEMENT_KINDS or (is_list(text) and is_kind(element_of(text)))


def is_list(kind: str) -> bool:
    """Say whether a kind is a list of something."""
    return _LIST.fullmatch(kind) is not None


def list_of(kind: str) -> str:
    """Return the kind of a list of `kind`."""
    return f"list[{kind}]"


def element_of(kind: str) -> str:
    """Return the kind of a list's elements; `any` for what is no list."""
    match = _LIST.fullmatch(kind)
    return match.group(1) if match else ANY


def is_media(kind: str) -> bool:
    """Say whether values of this kind are files."""
    return kind in MEDIA_KINDS


def fits(source: str, target: str) -> bool:
    """Say whether a value of kind `source` may stand where `target` is asked for, as it is.

    A list never stands for JSON as a whole: wired to a port of its element kind it is mapped, and
    one rule for all kinds is easier to foresee than an exception for this one.
    """
    if source == target or ANY in (source, target):
        return True
    if is_list(source):
        return is_list(target) and fits(element_of(source), element_of(target))
    return target in WIDENS_TO.get(source, frozenset())


def is_variable(kind: str) -> bool:
    """Say whether a declared kind holds a variable that is bound per node (`$T`, `@items`)."""
    return "$" in kind or "@" in kind


def bind(declared: str, actual: str, variables: dict[str, str]) -> bool:
    """Match a declared kind against an actual one, entering variables; False when it cannot fit.

    A variable met twice with different kinds widens to `any`.
    """
    if declared.startswith("$"):
        known = variables.get(declared)
        variables[declared] = actual if known in (None, actual) else ANY
        return True
    if is_list(declared):
        if actual == ANY:
            return True
        return is_list(actual) and bind(element_of(declared), element_of(actual), variables)
    return fits(actual, declared)


def substitute(declared: str, variables: Mapping[str, str]) -> str:
    """Return a declared kind with its variables replaced; unbound ones become `any`."""
    if is_list(declared):
        return list_of(substitute(element_of(declared), variables))
    if declared[:1] in ("$", "@"):
        return variables.get(declared, ANY)
    return declared
