"""Writing a model's document out of what a form asks for; the rest of a document is written by hand."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from workflows.catalogue.templates import PARAM_TEMPLATES


@dataclass(frozen=True, slots=True)
class ParamDraft:
    """A parameter as a row of the form: a template's name, and texts for what differs from it."""

    use: str
    default: str = ""
    minimum: str = ""
    maximum: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelDraft:
    """A model as the form asks for it; `price` is an expression in credits, empty for none."""

    key: str
    name: str
    vendor: str
    task: str
    description: str
    license: str
    provider: str
    provider_model: str
    expected_s: float
    price: str = ""
    price_source: str = ""
    params: Sequence[ParamDraft] = ()


def write_document(draft: ModelDraft, *, today: date) -> str:
    """Return the document of a draft, which may still be no model: `read_model` says so."""
    return "\n\n".join("\n".join(lines) for lines in _tables(draft, today)) + "\n"


def _tables(draft: ModelDraft, today: date) -> Iterator[list[str]]:
    texts = ("key", "name", "vendor", "task", "description", "license")
    yield [
        *(_pair(name, getattr(draft, name)) for name in texts),
        f"since = {today.isoformat()}",
        _pair("expected_s", draft.expected_s),
    ]
    if draft.price:
        source = _pair("source", draft.price_source or "Set by staff")
        checked = f"checked = {today.isoformat()}"
        yield ["[price]", _pair("credits", draft.price), source, checked]
    for param in draft.params:
        yield ["[[params]]", *_param_lines(param)]
    yield ["[[routes]]", _pair("provider", draft.provider), _pair("model", draft.provider_model)]


def _param_lines(param: ParamDraft) -> Iterator[str]:
    kind = str(PARAM_TEMPLATES.get(param.use, {}).get("kind", "text"))
    yield _pair("use", param.use)
    if param.choices:
        yield _pair("choices", list(param.choices))
    if param.default:
        yield _pair("default", _value(param.default, kind))
    for name in ("minimum", "maximum"):
        text = getattr(param, name)
        if text:
            yield _pair(name, _value(text, "number"))


def _value(text: str, kind: str) -> Any:
    """Return a text as a value of its parameter's kind; one that is none stays a text."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.casefold(), text)
    if kind not in ("number", "integer"):
        return text
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _pair(key: str, value: Any) -> str:
    """Return a line of TOML: its texts, numbers and lists of texts are written as JSON's are."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"
