"""What the templates of the release ask of models is what the models' providers take."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from executor.providers.adapters import SHIPPED
from executor.providers.base import Done
from templates_gallery.services.library import read_library
from tests.conformance.model_calls import DEFAULTS, values_of
from tests.providers.courses import Bench, Benches, open_benches
from tests.providers.samples import sample_media
from workflows.api import ResolvedNode, get_catalogue, parse_graph, resolve
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.ports import element_of, is_list, is_media
from workflows.catalogue.values import MEDIA_CLASSES
from workflows.catalogue.wire import call_by, routes_for

ADAPTERS = {adapter.name: adapter for adapter in SHIPPED}
TEMPLATES = {template.slug: template for template in read_library()}


@pytest.fixture(scope="module")
def benches() -> Iterator[Benches]:
    with open_benches() as benches:
        yield benches


def model_nodes(slug: str) -> list[tuple[ResolvedNode, ModelSpec]]:
    """The nodes of a template that ask a model for something."""
    resolution = resolve(parse_graph(TEMPLATES[slug].graph), get_catalogue())
    nodes = resolution.graph.nodes
    return [
        (node, node.spec.model)
        for node in nodes
        if node.spec.model is not None and node.spec.type.startswith("model.")
    ]


def asked_of(node: ResolvedNode, model: ModelSpec) -> dict[str, Any]:
    """What a node asks for: its own parameters, and something of each kind that is wired to it."""
    ports = node.spec.input_ports(node.params)
    wired = {binding.port: ports[binding.port].kind for binding in node.bindings}
    values = values_of(model, model.routes[0], DEFAULTS)
    values |= {name: value for name, value in node.params.items() if name not in wired}
    return values | {name: _file(kind) for name, kind in wired.items() if _holds_media(kind)}


def _holds_media(kind: str) -> bool:
    return is_media(element_of(kind) if is_list(kind) else kind)


def _file(kind: str) -> Any:
    if is_list(kind):
        return [_file(element_of(kind))]
    sample = sample_media(kind)
    return MEDIA_CLASSES[kind](
        kind=kind, content_type=sample.content_type, file_id=sample.file_id, bytes=sample.bytes
    )


def bench_of(benches: Benches, provider: str) -> Bench:
    return benches.of(
        ADAPTERS[provider], importlib.import_module(f"tests.providers.{provider}").FAKE
    )


@pytest.mark.parametrize("slug", [slug for slug in TEMPLATES if model_nodes(slug)])
def test_what_a_template_asks_of_models_is_taken_and_done_by_their_providers(slug, benches):
    for node, model in model_nodes(slug):
        values = asked_of(node, model)

        routes = routes_for(model, values)

        assert routes, node.id
        for number in routes:
            bench = bench_of(benches, model.routes[number].provider)
            course = bench.course(call_by(model, number, values))
            assert isinstance(course.end, Done), (node.id, model.routes[number], course.end)
