"""The templates of the release: files become `LibraryTemplate`, or are told what is wrong."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from common.canonical import digest
from common.errors import InvalidGraph
from templates_gallery.services.library_files import (
    ASSETS,
    LIBRARY,
    ExampleFile,
    LibraryProblem,
    RenderedFile,
    TemplateFile,
    asset_digest,
    assets_in,
    list_template_files,
    read_rendered,
    read_template_file,
    rendered_path,
)
from templates_gallery.services.library_graph import expand_graph
from templates_gallery.types import CATEGORY_KEYS, Example, LibraryTemplate
from workflows.api import Catalogue, check_inputs, interface_of, parse_graph, resolve

MAX_ASSET_BYTES = 150_000
MAX_ASSETS_BYTES = 2_500_000
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ANY_FILE = "data:"  # stands for an asset where inputs are checked by shape


def read_library(root: Path = LIBRARY) -> list[LibraryTemplate]:
    """Return all templates of the release, by slug.

    Raises:
        LibraryProblem: a file cannot be read, has keys that are not known, or values that may not
            stand there.
    """
    templates = [read_template(path, root) for path in list_template_files(root)]
    return sorted(templates, key=lambda template: template.slug)


def read_template(path: Path, root: Path = LIBRARY) -> LibraryTemplate:
    """Return the template of a file; examples whose results are out of date have none.

    Raises:
        LibraryProblem: as `read_library`.
    """
    file = read_template_file(path)
    graph = _graph_of(file, path)
    rendered = read_rendered(path)
    examples = tuple(
        _example(example, _fresh(rendered, index, example_digest(graph, example.inputs, root)))
        for index, example in enumerate(file.examples)
    )
    told = file.model_dump(mode="json", exclude={"nodes", "edges", "examples"})
    shown = [[item.title, item.inputs, item.outputs, item.is_simulated] for item in examples]
    return LibraryTemplate(
        slug=path.stem,
        category=path.parent.name,
        title=file.title,
        description=file.description,
        readme=file.readme,
        audience=file.audience,
        tags=tuple(file.tags),
        author=file.author,
        licence=file.licence,
        is_featured=file.featured,
        position=file.position,
        graph=graph,
        examples=examples,
        digest=digest([path.parent.name, told, graph, shown]),
    )


def example_digest(graph: Mapping[str, Any], inputs: Mapping[str, Any], root: Path) -> str:
    """Return what the results of an example depend on, in short: nodes, edges, inputs and assets."""
    nodes = [{key: node.get(key) for key in ("id", "type", "params")} for node in graph["nodes"]]
    files = {name: asset_digest(root, name) for name in assets_in(inputs)}
    return digest([nodes, graph["edges"], inputs, files])


def check_library(catalogue: Catalogue, root: Path = LIBRARY) -> list[str]:
    """Return everything that is wrong with the library, each with its file."""
    problems: list[str] = []
    used: Counter[str] = Counter()
    slugs: Counter[str] = Counter()
    for path in list_template_files(root):
        slugs[path.stem] += 1
        try:
            template = read_template(path, root)
        except LibraryProblem as problem:
            problems.append(problem.detail)
            continue
        used.update(name for item in template.examples for name in assets_in(item.inputs))
        name = f"{template.category}/{template.slug}.yaml"
        problems.extend(f"{name}: {text}" for text in _problems_of(template, catalogue, path, root))
    problems.extend(f"{slug}: two templates have this name" for slug in slugs if slugs[slug] > 1)
    problems.extend(_asset_problems(root, used))
    return problems


def is_local(template: LibraryTemplate, catalogue: Catalogue) -> bool:
    """Say whether a template has no model in it, so that it runs for real on any installation."""
    specs = (catalogue.get(node["type"]) for node in template.graph["nodes"])
    return all(spec is not None and spec.cost != "remote" for spec in specs)


def _graph_of(file: TemplateFile, path: Path) -> dict[str, Any]:
    try:
        return expand_graph(file.nodes, file.edges)
    except LibraryProblem as problem:
        raise LibraryProblem(f"{path.parent.name}/{path.name}: {problem.detail}") from problem


def _fresh(rendered: list[RenderedFile], index: int, wanted: str) -> RenderedFile | None:
    if index < len(rendered) and rendered[index].digest == wanted:
        return rendered[index]
    return None


def _example(example: ExampleFile, rendered: RenderedFile | None) -> Example:
    if rendered is None:
        return Example(example.title, example.inputs, None, is_simulated=False)
    return Example(example.title, example.inputs, rendered.outputs, rendered.simulated)


def _problems_of(
    template: LibraryTemplate, catalogue: Catalogue, path: Path, root: Path
) -> Iterator[str]:
    if template.category not in CATEGORY_KEYS:
        yield f"there is no category {template.category}"
    if not _SLUG.fullmatch(template.slug) or len(template.slug) > 80:
        yield "a slug is of a-z, 0-9 and single hyphens, at most 80"
    yield from _graph_problems(template, catalogue)
    yield from _result_problems(template, path, root)


def _graph_problems(template: LibraryTemplate, catalogue: Catalogue) -> Iterator[str]:
    try:
        resolution = resolve(parse_graph(template.graph), catalogue)
    except InvalidGraph as error:
        yield from (f"{issue.path}: {issue.message}" for issue in error.issues)
        return
    yield from (f"{issue.path}: {issue.message}" for issue in resolution.problems)
    interface = interface_of(resolution.graph)
    if not interface.outputs:
        yield "it has no output"
    for node in resolution.graph.nodes:
        model = node.spec.model
        if model is not None and (model.status != "active" or node.spec.price is None):
            yield f"nodes/{node.id}: {model.key} is not offered any more, or has no price"
    for example in template.examples:
        _, issues = check_inputs(interface, _with_files(example.inputs))
        yield from (f"example {example.title!r}{i.path}: {i.message}" for i in issues)


def _with_files(value: Any) -> Any:
    """Put something that has the shape of a file where an asset is named."""
    if isinstance(value, dict):
        if set(value) == {"asset"}:
            return _ANY_FILE
        return {key: _with_files(item) for key, item in value.items()}
    return [_with_files(item) for item in value] if isinstance(value, list) else value


def _result_problems(template: LibraryTemplate, path: Path, root: Path) -> Iterator[str]:
    for example in template.examples:
        if example.outputs is None:
            yield f"example {example.title!r}: manage.py templates --render {template.slug}"
        for name in (*assets_in(example.inputs), *assets_in(example.outputs or {})):
            if not (root / name).is_file():
                yield f"example {example.title!r}: there is no file {name}"
    folder = rendered_path(path).parent
    shown = {name for item in template.examples for name in assets_in(item.outputs or {})}
    shown |= {str(name.relative_to(root)) for name in [rendered_path(path)]}
    shown |= {poster for item in template.examples for poster in _posters_in(item.outputs or {})}
    for left in sorted(folder.glob("*")) if all(e.outputs for e in template.examples) else ():
        if str(left.relative_to(root)) not in shown:
            yield f"{left.name} belongs to no example"


def _posters_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("poster"), str) and "asset" in value:
            yield value["poster"]
        for item in value.values():
            yield from _posters_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _posters_in(item)


def _asset_problems(root: Path, used: Mapping[str, int]) -> Iterator[str]:
    """Tell of assets that are too big, or that nothing needs."""
    files = [path for path in sorted((root / ASSETS).glob("*")) if path.name != "README.md"]
    for path in files:
        name = f"{ASSETS}/{path.name}"
        if path.stat().st_size > MAX_ASSET_BYTES:
            yield f"{name}: over {MAX_ASSET_BYTES} bytes"
        if name not in used:
            yield f"{name}: no example needs it"
    if sum(path.stat().st_size for path in files) > MAX_ASSETS_BYTES:
        yield f"{ASSETS}: over {MAX_ASSETS_BYTES} bytes in all"
