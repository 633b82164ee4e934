"""The pages of node types and models, made from the catalogue."""

import html
import json
import re

import pytest
from django.test import Client

from pixelflow_site.pages.examples import example_graph
from tests.workflows.model_documents import STAFF, document
from workflows.api import get_catalogue, resolve
from workflows.catalogue.overrides import Override
from workflows.graphs.calls import Calls
from workflows.graphs.document import parse_graph
from workflows.services.models import add_model, override_model, retire_model

pytestmark = pytest.mark.django_db

NO_CALLS = Calls(lambda *_: None)
TYPES = sorted(get_catalogue().specs)


def shown(path: str, **query: str) -> str:
    response = Client().get(path, query)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


@pytest.fixture
def painter(staff_catalogue) -> str:
    return add_model(actor=STAFF, document=document())


def test_every_model_is_on_the_list_and_in_its_group() -> None:
    page = shown("/docs/models")

    models = get_catalogue().models
    assert all(f'id="{key}"' in page for key in models)
    assert {f'id="task-{model.task}"' in page for model in models.values()} == {True}


def test_models_are_found_by_words_task_and_provider_without_a_script(painter) -> None:
    here = f'id="{painter}"'

    assert here in shown("/docs/models", q="House PAINTER")
    assert here in shown("/docs/models", task="text-to-image", provider="fal", modality="image")
    assert here not in shown("/docs/models", q="house painter", task="chat")
    assert "Nothing fits this search." in shown("/docs/models", q="no such thing at all")
    assert shown("/docs/models", task="nonsense").count("<li id=") == 0


def test_what_is_searched_for_is_shown_as_text() -> None:
    response = Client().get("/docs/models", {"q": '"><script>alert(1)</script>' + "x" * 500})

    assert b"<script>" not in response.content


def test_a_models_page_tells_all_of_it(painter) -> None:
    page = shown(f"/docs/models/{painter}")

    for part in (
        "House Painter", "The House", "proprietary", "fal, Replicate", "40 * count",
        "40 to 320 credits a run", 'id="param-prompt"', "1 to 8", "model.house-painter", "active",
    ):  # fmt: skip
        assert part in page, part


def test_a_retired_model_names_its_successor(painter) -> None:
    add_model(actor=STAFF, document=document(key="newer"))
    retire_model(actor=STAFF, key=painter, replaced_by="newer")

    page = shown(f"/docs/models/{painter}")

    assert "retired this model" in page
    assert "/docs/models/newer" in page


def test_what_is_not_sure_and_why_a_model_does_not_run_is_told(staff_catalogue) -> None:
    notes = ("expected_s", 'unconfirmed = ["whether it rains"]\nexpected_s')
    key = add_model(actor=STAFF, document=document(notes))
    override_model(actor=STAFF, key=key, override=Override(is_off=True))

    page = shown(f"/docs/models/{key}")

    assert "whether it rains" in page
    assert "switched off" in page


@pytest.mark.parametrize("path", ["/docs/models/nobody", "/docs/nodes/no.such", "/docs/nodes/%00"])
def test_what_there_is_not_has_no_page(path) -> None:
    assert Client().get(path).status_code == 404


def test_every_node_type_has_its_place_and_models_theirs() -> None:
    page, catalogue = shown("/docs/nodes"), get_catalogue()

    plain = {type_ for type_, spec in catalogue.specs.items() if spec.model is None}
    assert set(re.findall(r'<tr id="([^"]+)"', page)) == plain
    assert 'id="text.case"' in shown("/docs/nodes", q="upper case")
    assert "Nothing fits this search." in shown("/docs/nodes", q="no such thing at all")


def test_a_node_types_page_has_its_parameters_and_a_models_leads_to_the_model() -> None:
    page, key = shown("/docs/nodes/image.resize"), min(get_catalogue().models)

    response = Client().get(f"/docs/nodes/model.{key}")

    assert 'id="param-fit"' in page
    assert "cover, contain, fill, inside" in page
    assert (response.status_code, response.headers["Location"]) == (302, f"/docs/models/{key}")


@pytest.mark.parametrize("path", ["/docs/nodes/image.resize", "/docs/models/house-painter"])
def test_the_graph_on_a_page_is_json(painter, path) -> None:
    graph = re.search(r"<pre[^>]*><code>(.*?)</code>", shown(path), re.DOTALL)

    assert graph is not None
    assert json.loads(graph[1])["schema"] == 1


@pytest.mark.parametrize("family", sorted({type_.split(".")[0] for type_ in TYPES}))
def test_the_graph_to_begin_with_is_one_that_is_well_formed(family) -> None:
    """All models' graphs can be published as they are; those of some nodes want a choice first."""
    for type_ in TYPES:
        if type_.split(".")[0] != family:
            continue
        entry = get_catalogue().specs[type_].as_json()
        resolution = resolve(parse_graph(example_graph(type_, entry)), get_catalogue(), NO_CALLS)
        if family == "model":
            assert not resolution.problems, (type_, resolution.problems)
