"""Putting another model in the place of one: what stays, what goes, and what is refused."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidGraph, InvalidInputs
from tests.executor.simulated import document_of
from tests.graphs import graph
from workflows.catalogue.load import build_catalogue
from workflows.catalogue.model_files import read_model
from workflows.graphs.document import parse_graph
from workflows.graphs.resolve import resolve
from workflows.graphs.swap import Swapped, swap_model

_SMALL = document_of("text-to-image", key="small").replace(
    'use = "width"\nminimum = 16', 'use = "width"\nminimum = 16\nmaximum = 512\ndefault = 512'
)
_PLAIN = document_of("image-edit", key="plain")
_RICH = (
    document_of("image-edit", key="rich")
    + '[[inputs]]\nname = "reference_images"\nkind = "list[image]"\ntitle = "References"\n'
)
CATALOGUE = build_catalogue(
    models=[
        *(read_model(text) for text in (_SMALL, _PLAIN, _RICH)),
        read_model(document_of("text-to-image", key="large")),
        read_model(document_of("upscale", key="upscaler")),
    ]
)


def drawing(**params: Any) -> dict[str, Any]:
    document = graph(
        {
            "i": ("input.text", {"name": "idea"}),
            "draw": ("model.large", {"width": 256, "height": 256, "seed": 4, **params}),
            "o": ("output", {"name": "image"}),
        },
        ["i.value -> draw.prompt", "draw.image -> o.value"],
    )
    document["nodes"][1] |= {"label": "Draw it", "position": {"x": 7, "y": 8}, "version": 1}
    return document


def swap(document: dict[str, Any], node: str, model: str) -> Swapped:
    return swap_model(document, node, model, CATALOGUE)


def test_everything_stays_that_the_other_model_has_too():
    before = drawing()

    swapped = swap(before, "draw", "small")

    wanted = copy.deepcopy(before)
    wanted["nodes"][1]["type"] = "model.small"
    assert swapped.document == wanted
    assert swapped.dropped == ()
    assert not resolve(parse_graph(swapped.document), CATALOGUE).problems


def test_the_document_that_was_given_is_left_as_it_was():
    before = drawing(width=1024)
    kept = copy.deepcopy(before)

    swap(before, "draw", "small")

    assert before == kept


def test_a_value_that_the_other_model_does_not_take_goes_and_is_told():
    swapped = swap(drawing(width=1024), "draw", "small")

    assert [(each.kind, each.name) for each in swapped.dropped] == [("param", "width")]
    assert "512" in swapped.dropped[0].reason
    assert swapped.document["nodes"][1]["params"] == {"height": 256, "seed": 4}


def test_settings_and_edges_that_the_other_model_has_not_go_and_are_told():
    document = graph(
        {
            "a": ("input.image", {"name": "a"}),
            "edit": ("model.rich", {"prompt": "in blue", "seed": 1}),
            "o": ("output", {"name": "image"}),
        },
        ["a.value -> edit.image", "a.value -> edit.reference_images", "edit.image -> o.value"],
    )

    swapped = swap(document, "edit", "plain")

    assert [(each.kind, each.name) for each in swapped.dropped] == [("edge", "e1")]
    assert [edge["id"] for edge in swapped.document["edges"]] == ["e0", "e2"]
    assert not resolve(parse_graph(swapped.document), CATALOGUE).problems


def test_there_and_back_is_the_same_where_nothing_was_dropped():
    before = drawing()

    assert swap(swap(before, "draw", "small").document, "draw", "large").document == before


@pytest.mark.parametrize(
    ("node", "model", "path", "code"),
    [
        ("draw", "upscaler", "/model", "not_allowed"),
        ("draw", "nobody", "/model", "not_found"),
        ("nobody", "small", "/nodeId", "not_found"),
        ("i", "small", "/nodeId", "not_allowed"),
    ],
)
def test_only_a_model_can_be_swapped_and_for_one_of_its_task(node, model, path, code):
    with pytest.raises(InvalidInputs) as refusal:
        swap(drawing(), node, model)

    assert [(issue.path, issue.code) for issue in refusal.value.issues] == [(path, code)]


def test_a_malformed_graph_is_refused():
    with pytest.raises(InvalidGraph):
        swap({"nodes": "none"}, "draw", "small")


@given(
    st.dictionaries(
        st.sampled_from(["prompt", "width", "height", "seed", "count", "output_format", "foo"]),
        st.none() | st.booleans() | st.integers(-9, 5_000) | st.text(max_size=5) | st.just([]),
    )
)
def test_what_stays_fits_and_what_goes_is_told(params):
    document = drawing()
    document["nodes"][1]["params"] = params

    swapped = swap(document, "draw", "small")

    kept = swapped.document["nodes"][1]["params"]
    spec = CATALOGUE.specs["model.small"]
    assert kept.keys() | {each.name for each in swapped.dropped} == params.keys()
    for name, value in kept.items():
        assert value is None or spec.params_by_name[name].problem_with(value) is None
