"""Parameters of a node: how they are declared, checked, and described as JSON Schema.

A node's inputs are one frozen pydantic record. `port(...)` declares a field that is wired,
`param(...)` one that a person sets; most parameters may be wired too and are then ports as well.
"""

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

ParamKind = Literal[
    "text", "number", "integer", "boolean", "choice", "colour", "json", "value", "kind"
]

# Kinds whose value may come over an edge, and the kind of that port.
WIRED_AS: dict[str, str] = {
    "text": "text",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "colour": "text",
    "json": "json",
}

_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
MAX_TEXT = 128 * 1024  # characters in one text parameter


@dataclass(frozen=True, slots=True)
class Param:
    """A setting of a node. `default` is used when it is left out, unless `required`."""

    name: str
    kind: ParamKind
    title: str
    help: str = ""
    default: Any = None
    required: bool = False
    nullable: bool = False
    wirable: bool = True
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    multiline: bool = False

    @property
    def wired_kind(self) -> str | None:
        """The kind of the port that this parameter is as well; None when it cannot be wired."""
        return WIRED_AS.get(self.kind) if self.wirable else None

    def problem_with(self, value: object) -> tuple[str, str] | None:
        """Return `(code, message)` for a value that may not stand here, else None."""
        if value is None:
            return None if self.nullable else ("missing", f"{self.title} is missing.")
        if not _has_kind(self.kind, value):
            return "wrong_kind", f"{self.title} must be {_article(self.kind)}."
        return self._problem_with_bounds(value)

    def _problem_with_bounds(self, value: object) -> tuple[str, str] | None:
        if self.kind == "choice" and value not in self.choices:
            return "not_allowed", f"{self.title} must be one of {', '.join(self.choices)}."
        if isinstance(value, str) and len(value) > (self.max_length or MAX_TEXT):
            return "out_of_range", f"{self.title} is longer than {self.max_length or MAX_TEXT}."
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._problem_with_number(value)
        return None

    def _problem_with_number(self, value: float) -> tuple[str, str] | None:
        if not math.isfinite(value):
            return "out_of_range", f"{self.title} is not a finite number."
        if self.minimum is not None and value < self.minimum:
            return "out_of_range", f"{self.title} must be at least {self.minimum:g}."
        if self.maximum is not None and value > self.maximum:
            return "out_of_range", f"{self.title} must be at most {self.maximum:g}."
        return None

    def json_schema(self) -> dict[str, Any]:
        """Return the parameter's JSON Schema, with `x-kind`, `x-unit` and the like for forms."""
        schema: dict[str, Any] = {"title": self.title, "x-kind": self.kind}
        schema |= _SCHEMA_TYPES[self.kind]
        optional = {
            "description": self.help,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "maxLength": self.max_length,
            "enum": list(self.choices),
            "x-unit": self.unit,
            "x-multiline": self.multiline,
            "x-wirable": self.wired_kind is not None,
        }
        schema |= {key: value for key, value in optional.items() if _says_something(value)}
        if not self.required:
            schema["default"] = self.default
        return schema


_SCHEMA_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "choice": {"type": "string"},
    "colour": {"type": "string", "pattern": f"^{_COLOUR.pattern}$"},
    "kind": {"type": "string"},
    "json": {},
    "value": {},
}


def _says_something(value: object) -> bool:
    """Leave out what is not set; a bound of 0 is one, though it equals False."""
    return value is not None and value is not False and value not in ("", [])


def _has_kind(kind: ParamKind, value: object) -> bool:
    """Check the JSON type strictly: no text for numbers, no 1 for true."""
    match kind:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "text" | "choice" | "kind":
            return isinstance(value, str)
        case "colour":
            return isinstance(value, str) and _COLOUR.fullmatch(value) is not None
        case _:
            return True


def _article(kind: ParamKind) -> str:
    words = {
        "integer": "a whole number",
        "boolean": "true or false",
        "colour": "a colour such as #ff8800",
        "choice": "one of its choices",
        "kind": "a kind of value",
    }
    return words.get(kind, f"a {kind}")


def port(
    title: str = "",
    *,
    kind: str | None = None,
    required: bool = True,
    many: bool = False,
    nullable: bool = False,
    elementwise: bool = False,
    default: Any = None,
) -> Any:
    """Declare a field of a node's inputs or outputs that is a port.

    `kind` is needed only where the annotation does not say it (variables such as `$T`).
    """
    extra: dict[str, Any] = {
        "pixelflow": "port",
        "kind": kind,
        "required": required,
        "many": many,
        "nullable": nullable,
        "elementwise": elementwise,
    }
    if required:
        return Field(title=title, json_schema_extra=extra)
    return Field(default, title=title, json_schema_extra=extra)


def param(  # noqa: PLR0913 - one keyword for each attribute of a parameter
    default: Any = ...,
    *,
    title: str,
    help: str = "",  # noqa: A002 - the word that forms use
    kind: ParamKind | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    max_length: int | None = None,
    unit: str = "",
    multiline: bool = False,
    wirable: bool = True,
) -> Any:
    """Declare a field of a node's inputs that a person sets; without a default it is required.

    The kind follows from the annotation (`str`, `float`, `int`, `bool`, `Literal[...]`); `kind`
    overrides it (`colour`, `json`, `value`, `kind`).
    """
    extra: dict[str, Any] = {
        "pixelflow": "param",
        "kind": kind,
        "minimum": minimum,
        "maximum": maximum,
        "max_length": max_length,
        "unit": unit,
        "multiline": multiline,
        "wirable": wirable,
        "help": help,
    }
    return Field(default, title=title, json_schema_extra=extra)
