"""A ComfyUI workflow as a node: what is refused, and where values and files go."""

import copy
from typing import Any

import pytest

from tests.workflows.node_context import CATALOGUE
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.nodes.comfyui import MAX_CHARACTERS, MAX_NODES, Workflow, WorkflowIn
from workflows.catalogue.remote import ProviderResult
from workflows.catalogue.values import Audio, Image, Mask, Video

WORKFLOW: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
    "2": {"class_type": "LoadImage", "inputs": {"image": "b.png"}},
    "3": {"class_type": "LoadImageMask", "inputs": {"image": "m.png", "channel": "red"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["9:2", 1]}},
    "9:2": {"class_type": "CheckpointLoaderSimple", "inputs": {}, "_meta": {"title": "Load"}},
}
PICTURE, OTHER = Image(file_id="f-1"), Image(file_id="f-2")
MASK = Mask(file_id="f-3")


def _request(**given: Any) -> Any:
    return Workflow().request(WorkflowIn(**{"workflow": WORKFLOW, **given}))


def test_the_node_is_in_the_catalogue():
    spec = CATALOGUE.specs["comfyui.workflow"]

    assert [port.name for port in spec.inputs] == ["image", "image2", "mask"]
    assert {port.name for port in spec.outputs} == {"image", "images", "video", "audio", "text"}


def test_values_are_put_at_their_places_and_the_workflow_stays_as_it_is():
    before = copy.deepcopy(WORKFLOW)

    call = _request(values={"6.text": "a cat", "3.channel": "alpha"}, maxMinutes=2.0)

    assert call.body["prompt"]["6"]["inputs"]["text"] == "a cat"
    assert call.body["prompt"]["3"]["inputs"]["channel"] == "alpha"
    assert before == WORKFLOW
    assert (call.provider, call.operation, call.give_up_s) == ("comfyui", "workflow", 120.0)


def test_no_values_at_all_are_none():
    call = _request(values=None)

    assert call.body["prompt"] == WORKFLOW


def test_files_go_to_the_first_nodes_that_load_such_unless_told_otherwise():
    usual = _request(image=PICTURE, image2=OTHER, mask=MASK)
    told = _request(image=PICTURE, imageTo="2.image")

    assert usual.media == {"1.image": [PICTURE], "2.image": [OTHER], "3.image": [MASK]}
    assert told.media == {"2.image": [PICTURE]}


@pytest.mark.parametrize(
    "given",
    [
        {"image2": PICTURE, "workflow": {"1": WORKFLOW["1"]}},
        {"mask": MASK, "workflow": {"1": WORKFLOW["1"]}},
        {"image": PICTURE, "image2": OTHER, "imageTo": "2.image"},
    ],
)
def test_a_file_without_a_place_of_its_own_is_refused(given):
    with pytest.raises(NodeFailed, match="say where it goes"):
        _request(**given)


@pytest.mark.parametrize(
    ("workflow", "words"),
    [
        ({}, "must be an object"),
        ([], "must be an object"),
        ("x", "must be an object"),
        ({"nodes": [], "links": [], "version": 0.4}, "as the editor saves it"),
        ({"prompt": WORKFLOW, "client_id": "x"}, "take what stands under"),
        ({"1": 5}, "not in the API form"),
        ({"1": {"class_type": "A", "inputs": {}, "widgets_values": []}}, "not in the API form"),
        ({"1": {"inputs": {}}}, "no class_type"),
        ({"1": {"class_type": "", "inputs": {}}}, "no class_type"),
        ({"1": {"class_type": "A"}}, "no inputs"),
        ({"1": {"class_type": "A", "inputs": dict.fromkeys(map(str, range(201)))}}, "too many"),
        ({"1": {"class_type": "A", "inputs": {"x": ["7", 0]}}}, "linked to a node 7"),
        ({"../x": {"class_type": "A", "inputs": {}}}, "no id of a node"),
        ({str(n): {"class_type": "A", "inputs": {}} for n in range(MAX_NODES + 1)}, "more than"),
        ({"1": {"class_type": "A", "inputs": {"x": "y" * MAX_CHARACTERS}}}, "longer than"),
    ],
)
def test_what_is_no_workflow_in_the_api_form_is_refused(workflow, words):
    (problem,) = Workflow.check({"workflow": workflow})

    assert problem[:2] == ("workflow", "invalid_value")
    assert words in problem[2]


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"values": {"6.txt": "a"}}, "values"),
        ({"values": {"7.text": "a"}}, "values"),
        ({"values": {"6": "a"}}, "values"),
        ({"values": {"6.text": ["9:2", 0]}}, "values"),
        ({"values": {"6.text": None}}, "values"),
        ({"values": ["a"]}, "values"),
        ({"imageTo": "8.image"}, "imageTo"),
        ({"image2To": "1.picture"}, "image2To"),
        ({"maskTo": "\x00"}, "maskTo"),
    ],
)
def test_places_that_the_workflow_does_not_have_are_refused(params, name):
    problems = Workflow.check({"workflow": WORKFLOW, **params})

    assert [problem[0] for problem in problems] == [name]


def test_values_over_an_edge_are_checked_when_they_come():
    with pytest.raises(NodeFailed, match=r"no input '6\.txt'"):
        _request(values={"6.txt": "a"})


def test_results_are_sorted_by_kind():
    film, sound = Video(file_id="f-4"), Audio(file_id="f-5")

    out = Workflow().result(
        None,  # type: ignore[arg-type]
        ProviderResult({"text": "a cat"}, (PICTURE, film, OTHER, sound)),
    )

    assert (out.image, out.images, out.video, out.audio) == (
        PICTURE,
        [PICTURE, OTHER],
        film,
        sound,
    )
    assert out.text == "a cat"


def test_outputs_that_there_are_none_of_give_nothing():
    out = Workflow().result(None, ProviderResult({}, (PICTURE,)))  # type: ignore[arg-type]

    assert out.model_fields_set == {"image", "images"}


def test_a_workflow_that_saved_nothing_is_an_error():
    with pytest.raises(NodeFailed, match="saved nothing"):
        Workflow().result(None, ProviderResult({}))  # type: ignore[arg-type]
