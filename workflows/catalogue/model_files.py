"""Reading model files: TOML documents of one model each, shipped ones and those of staff."""

import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from workflows.catalogue.model import ModelSpec
from workflows.catalogue.model_check import problems_with_model
from workflows.catalogue.toml_lines import Place, line_of, lines_of

MODELS_PATH = Path(__file__).with_name("models")
MAX_DOCUMENT = 64 * 1024  # characters; the longest shipped file has a tenth of that
MAX_INTEGER = 2**53  # whole numbers up to here survive JSON

_DATES = frozenset({("since",), ("price", "checked")})
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing that is wrong with a document; `line` counts from 1, `place` is `routes.0.model`."""

    line: int
    place: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}, {self.place}" if self.place else f"line {self.line}"
        return f"{where}: {self.message}"


class ModelFileError(ValueError):
    """A document that is no model: says what is wrong with it, and on which lines, in their order."""

    def __init__(self, problems: Sequence[FileProblem], file: str = "") -> None:
        self.problems = tuple(problems)
        said = "; ".join(str(problem) for problem in problems)
        super().__init__(f"{file}: {said}" if file else said)

    @property
    def line(self) -> int:
        """The line of what is wrong first."""
        return self.problems[0].line


def read_model(text: str) -> ModelSpec:
    """Return the model that a document describes.

    Raises:
        ModelFileError: it is not TOML, does not fit the schema, or contradicts itself.
    """
    values = _values(text)
    problems: Sequence[tuple[Place, str]] = list(_bad_values(values))
    if problems:
        raise _located(text, problems)
    try:
        model = ModelSpec.model_validate(values)
    except ValidationError as error:
        raise _located(text, _schema_problems(error)) from None
    problems = [(_place_of(place), message) for place, message in problems_with_model(model)]
    if problems:
        raise _located(text, problems)
    return model


def problem_at(text: str, place: str, message: str) -> ModelFileError:
    """Return the error that something else is wrong with a document, at a place of it."""
    return _located(text, [(_place_of(place), message)])


@cache
def shipped_models() -> tuple[ModelSpec, ...]:
    """Return the models of this release, by key; read once in each process.

    Raises:
        ModelFileError: a file is no model, or two have one key.
    """
    found: dict[str, ModelSpec] = {}
    for path in model_paths():
        model = read_model_file(path)
        if model.key in found:
            raise ModelFileError([FileProblem(1, "key", "Another file has it.")], path.name)
        found[model.key] = model
    return tuple(found[key] for key in sorted(found))


def model_paths() -> list[Path]:
    """Return the model files of this release."""
    return sorted(MODELS_PATH.glob("*/*.toml"))


def read_model_file(path: Path) -> ModelSpec:
    """Return the model of a file.

    Raises:
        ModelFileError: as `read_model`; names the file.
    """
    try:
        return read_model(path.read_text("utf-8"))
    except ModelFileError as error:
        raise ModelFileError(error.problems, f"{path.parent.name}/{path.name}") from None


def list_file_problems(paths: Sequence[Path] | None = None) -> list[str]:
    """Return what is wrong with model files (all shipped ones if left out), each with file and line."""
    found: list[str] = []
    models: dict[str, ModelSpec] = {}
    for path in model_paths() if paths is None else paths:
        try:
            model = read_model_file(path)
        except ModelFileError as error:
            name = f"{path.parent.name}/{path.name}"
            found += [f"{name}: {problem}" for problem in error.problems]
            continue
        if path.stem != model.key:
            found.append(f"{path.parent.name}/{path.name}: The file of {model.key} has its name.")
        if model.key in models:
            found.append(f"{path.parent.name}/{path.name}: There are two files of {model.key}.")
        models[model.key] = model
    successors = [(model.key, model.replaced_by) for model in models.values() if model.replaced_by]
    found += [f"{key}: There is no model {name}." for key, name in successors if name not in models]
    return found


def _values(text: str) -> dict[str, Any]:
    if len(text) > MAX_DOCUMENT:
        raise ModelFileError(
            [FileProblem(1, "", f"A document has at most {MAX_DOCUMENT} characters.")]
        )
    try:
        return tomllib.loads(text)
    except RecursionError:
        problem = FileProblem(1, "", "Tables and lists lie too deep in each other.")
    except ValueError as error:  # TOML's own errors, and numbers of thousands of digits
        problem = FileProblem(_line_in(str(error), text), "", _said(str(error)))
    raise ModelFileError([problem])


def _said(message: str) -> str:
    """Return a complaint of TOML's reader without its place, and without advice to programmers."""
    return _AT_LINE.sub("", message).partition(":")[0].removesuffix(".") + "."


def _line_in(message: str, text: str) -> int:
    """Return the line that TOML's reader complains of."""
    found = _AT_LINE.search(message)
    if found is None:
        return 1
    return int(found[1]) if found[1] else len(text.rstrip().splitlines()) or 1


def _located(text: str, problems: Sequence[tuple[Place, str]]) -> ModelFileError:
    lines = lines_of(text)
    found = {
        FileProblem(line_of(lines, place), ".".join(map(str, place)), message)
        for place, message in problems
    }
    return ModelFileError(sorted(found, key=lambda problem: (problem.line, problem.place)))


def _place_of(text: str) -> Place:
    return tuple(int(part) if part.isdigit() else part for part in text.split(".") if part)


def _bad_values(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Yield what TOML can say and JSON cannot, or no database keeps."""
    match value:
        case dict():
            for key, part in value.items():
                yield from _bad_values(part, (*place, key))
        case list():
            for number, part in enumerate(value):
                yield from _bad_values(part, (*place, number))
        case date() | time() if place not in _DATES:
            yield place, "A date or time has no place here; write it as a text."
        case float() if not math.isfinite(value):
            yield place, "A number is finite."
        case int() if abs(value) > MAX_INTEGER:
            yield place, f"A whole number is at most {MAX_INTEGER}."
        case str() if "\x00" in value:
            yield place, "A text has no NUL in it."


def _schema_problems(error: ValidationError) -> list[tuple[Place, str]]:
    """Return what does not fit the schema.

    A wire is a text or a table: of one that is neither it is said once that it is no text, of a
    table what is wrong in it.
    """
    found = [each for each in error.errors() if each["type"] != "model_type"]
    deep = {_without_tags(each)[:-1] for each in found}
    return [
        (_without_tags(each), _message(each))
        for each in found
        if "str" not in each["loc"] or _without_tags(each) not in deep
    ]


def _without_tags(found: ErrorDetails) -> Place:
    """Return a place without pydantic's names of the kinds of thing that it tried there."""
    place = [part for part in found["loc"] if not _is_tag(part)]
    if place[0] == "rules" and len(place) > 2:
        del place[2]  # the rule's kind
    return tuple(place)


def _is_tag(part: str | int) -> bool:
    return part == "str" or str(part).startswith("function-")


def _message(found: ErrorDetails) -> str:
    name = found["loc"][-1] if found["loc"] else ""
    match found["type"]:
        case "extra_forbidden":
            return f"There is no key {name} here."
        case "missing":
            return f"{name} is missing."
        case _:
            return found["msg"].removeprefix("Value error, ").removesuffix(".") + "."
