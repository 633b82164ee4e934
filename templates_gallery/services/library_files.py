"""The files of the library, read strictly: a template's YAML, and what its examples gave.

`<category>/<slug>.yaml` says what a template is, `<category>/<slug>/examples.json` what came out of
its examples when they were last run (`manage.py templates --render`), with the media beside it.
Assets are named by their path from the library's root.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.errors import PixelFlowError

LIBRARY = Path(__file__).resolve().parent.parent / "library"
ASSETS = "_assets"

_ID = r"^[A-Za-z0-9_-]{1,64}$"
_EDGE = re.compile(r"([A-Za-z0-9_-]+)\.(\w+)\s*->\s*([A-Za-z0-9_-]+)\.(\w+)")
_TAG = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class LibraryProblem(PixelFlowError):
    """Something is wrong with a file of the library; the text says where."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NodeFile(_Strict):
    """A node of a template's file; its id is the key it stands under."""

    type: str
    title: str = Field(default="", max_length=60)
    params: dict[str, Any] = {}


class ExampleFile(_Strict):
    """Inputs of an example, files named as `{"asset": "_assets/…"}`."""

    title: str = Field(min_length=2, max_length=60)
    inputs: dict[str, Any]


class TemplateFile(_Strict):
    """A template's file."""

    title: str = Field(min_length=4, max_length=60)
    description: str = Field(min_length=20, max_length=155)
    audience: str = Field(min_length=4, max_length=120)
    tags: list[Annotated[str, Field(pattern=_TAG, max_length=24)]] = Field(
        min_length=2, max_length=8
    )
    author: str = Field(default="Pixelflow", max_length=100)
    licence: str = Field(default="CC0-1.0", max_length=40)
    featured: bool = False
    position: int = 0
    readme: str = Field(min_length=60, max_length=6_000)
    nodes: dict[Annotated[str, Field(pattern=_ID)], NodeFile] = Field(min_length=2)
    edges: list[str] = Field(min_length=1)
    examples: list[ExampleFile] = Field(min_length=1, max_length=6)


class RenderedFile(_Strict):
    """What a run of an example gave; `digest` is that of the graph and the inputs it was run with."""

    outputs: dict[str, Any]
    simulated: bool
    digest: str


def list_template_files(root: Path = LIBRARY) -> Iterator[Path]:
    """Give the paths of all templates' files, sorted."""
    yield from sorted(path for path in root.glob("*/*.yaml") if path.parent.name != ASSETS)


def read_template_file(path: Path) -> TemplateFile:
    """Read a template's file.

    Raises:
        LibraryProblem: no YAML, a key that is not known, or a value that may not stand there.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise LibraryProblem(f"{name}: {error}") from error
    try:
        return TemplateFile.model_validate(document)
    except ValidationError as error:
        raise LibraryProblem("\n".join(f"{name}: {text}" for text in _texts(error))) from error


def read_rendered(path: Path) -> list[RenderedFile]:
    """Read the examples.json of the template with this file; empty where nothing was run yet.

    Raises:
        LibraryProblem: it is not as `write_rendered` writes it.
    """
    source = rendered_path(path)
    if not source.exists():
        return []
    try:
        return [RenderedFile.model_validate(item) for item in json.loads(source.read_bytes())]
    except (ValueError, TypeError) as error:
        raise LibraryProblem(f"{path.stem}/{source.name}: {error}") from error


def write_rendered(path: Path, rendered: list[RenderedFile]) -> None:
    """Write the examples.json of the template with this file."""
    document = [item.model_dump(mode="json") for item in rendered]
    text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)
    rendered_path(path).write_text(text + "\n", "utf-8")


def rendered_path(path: Path) -> Path:
    """Return where the results of a template's examples are told of."""
    return path.with_suffix("") / "examples.json"


def read_edge(text: str) -> tuple[str, str, str, str]:
    """Return source, its port, target and its port of an edge written `a.port -> b.port`.

    Raises:
        LibraryProblem: it is not written so.
    """
    match = _EDGE.fullmatch(text.strip())
    if match is None:
        raise LibraryProblem(f"an edge is written a.port -> b.port, not {text!r}")
    return match[1], match[2], match[3], match[4]


def assets_in(value: object) -> Iterator[str]:
    """Give the names of all assets in inputs or outputs."""
    if isinstance(value, dict):
        if isinstance(value.get("asset"), str):
            yield value["asset"]
        for item in value.values():
            yield from assets_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from assets_in(item)


def asset_digest(root: Path, name: str) -> str:
    """Return the hex SHA-256 of an asset; empty where there is none."""
    path = root / name
    if not path.is_file():
        return ""
    stat = path.stat()
    return _file_digest(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1024)
def _file_digest(path: Path, _changed_ns: int, _bytes: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _texts(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"]) or "the file"
        what = "there is no such key" if item["type"] == "extra_forbidden" else item["msg"]
        yield f"{place}: {what}"
