"""`comfyui.workflow`: a whole workflow of a ComfyUI server as one node.

The workflow is JSON in ComfyUI's API form ("Export (API)" in its menu): nodes by their id, each
with a `class_type` and `inputs`. Values and files of ours are put at places in it, `node.input`.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context, Inputs, Meta, Outputs
from workflows.catalogue.params import param, port
from workflows.catalogue.remote import ProviderCall, ProviderResult, RemoteNode
from workflows.catalogue.values import Audio, Image, Mask, Media, Video

MAX_NODES = 500
MAX_INPUTS = 200  # of a node
MAX_CHARACTERS = 500_000  # of the whole workflow as JSON
MAX_PLACE = 200

_NODE_ID = re.compile(r"[A-Za-z0-9_:-]{1,64}")
_PLACE = re.compile(r"[A-Za-z0-9_:-]{1,64}\.[^\x00-\x1f]{1,100}")
# Where a file goes unless a place is named: the n-th node of a type, and its input.
_LOADERS = {
    "image": ("LoadImage", "image", 0),
    "image2": ("LoadImage", "image", 1),
    "mask": ("LoadImageMask", "image", 0),
}
_API_FORM = "In ComfyUI, take “Export (API)” from the menu."

Problem = tuple[str, str]  # a parameter, and what is wrong with it


class WorkflowIn(Inputs):
    """`comfyui.workflow`."""

    workflow: Any = param(
        title="Workflow", kind="json", wirable=False, help=f"In the API form. {_API_FORM}"
    )
    values: Any = param(
        {},
        title="Values",
        kind="json",
        help="Texts, numbers and booleans by their place: "
        '{"6.text": "a cat", "3.seed": 7} sets inputs of the nodes 6 and 3.',
    )
    image: Image | None = port("Image", required=False)
    imageTo: str = param(
        "",
        title="Image goes to",
        max_length=MAX_PLACE,
        wirable=False,
        help="A place such as 10.image; left out, the first LoadImage node.",
    )
    image2: Image | None = port("Second image", required=False)
    image2To: str = param(
        "",
        title="Second image goes to",
        max_length=MAX_PLACE,
        wirable=False,
        help="Left out, the second LoadImage node.",
    )
    mask: Mask | None = port("Mask", required=False)
    maskTo: str = param(
        "",
        title="Mask goes to",
        max_length=MAX_PLACE,
        wirable=False,
        help="Left out, the first LoadImageMask node, which should read the channel red.",
    )
    maxMinutes: float = param(
        30.0, title="Give up after", unit="min", minimum=1, maximum=720, wirable=False
    )


class WorkflowOut(Outputs):
    """What the outputs of the workflow saved; what there is none of gives nothing."""

    image: Image = port("Image", required=False)
    images: list[Image] = port("All images", required=False)
    video: Video = port("Video", required=False)
    audio: Audio = port("Audio", required=False)
    text: str = port("Text", required=False)


class Workflow(RemoteNode[WorkflowIn, WorkflowOut]):
    """Run a workflow on a ComfyUI server."""

    meta = Meta(
        type="comfyui.workflow",
        title="ComfyUI workflow",
        description="Runs a whole workflow on your own ComfyUI server, with values and pictures "
        "put into it, and gives what it saves.",
        category="ComfyUI",
        cost="remote",
        cache="never",
        keywords=("self-hosted", "comfy", "stable diffusion", "custom"),
    )

    @classmethod
    def check(cls, params: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Return what is wrong with the workflow, and with places that it does not have."""
        workflow, values = params.get("workflow"), params.get("values")
        if workflow is None:
            return []
        problem = _problem_with(workflow)
        if problem is not None:
            return [("workflow", "invalid_value", problem)]
        problems = [
            *(_problems_with_values(workflow, values) if values is not None else ()),
            *_problems_with_places(workflow, params),
        ]
        return [(name, "invalid_value", message) for name, message in problems]

    def request(self, args: WorkflowIn) -> ProviderCall:
        """Return the workflow with the values in it, and where the files go.

        Raises:
            NodeFailed: it is no workflow, or there is no such place in it.
        """
        found = self.check(args.model_dump(exclude={"image", "image2", "mask", "extra"}))
        if found:
            raise NodeFailed("invalid_value", found[0][2])
        prompt = copy.deepcopy(args.workflow)
        for place, value in (args.values or {}).items():
            node, name = _parts(place)
            prompt[node]["inputs"][name] = value
        return ProviderCall(
            provider="comfyui",
            model="workflow",
            operation="workflow",
            body={"prompt": prompt},
            media=_media(args),
            give_up_s=args.maxMinutes * 60,
        )

    def result(self, ctx: Context, result: ProviderResult) -> WorkflowOut:
        """Sort what was saved.

        Raises:
            NodeFailed: nothing was.
        """
        given: dict[str, Any] = {}
        for kind in ("image", "video", "audio"):
            files = [file for file in result.files if file.kind == kind]
            given |= {kind: files[0]} if files else {}
            given |= {"images": files} if files and kind == "image" else {}
        text = result.data.get("text") if isinstance(result.data, dict) else None
        if isinstance(text, str):
            given["text"] = text
        if not given:
            raise NodeFailed("provider_error", "The workflow saved nothing that can be used.")
        return WorkflowOut(**given)


def _problem_with(workflow: Any) -> str | None:
    """Return why this is no workflow in the API form."""
    if not isinstance(workflow, dict) or not workflow:
        return f"The workflow must be an object of nodes by their id. {_API_FORM}"
    if isinstance(workflow.get("nodes"), list):
        return f"This is a workflow as the editor saves it, not in the API form. {_API_FORM}"
    if "class_type" not in _as_object(workflow.get("prompt", {"class_type": ""})):
        return "This is a request with a workflow in it: take what stands under “prompt”."
    if len(workflow) > MAX_NODES:
        return f"The workflow has more than {MAX_NODES} nodes."
    if len(json.dumps(workflow)) > MAX_CHARACTERS:
        return f"The workflow is longer than {MAX_CHARACTERS} characters."
    return next(filter(None, (_problem_with_node(workflow, node) for node in workflow)), None)


def _as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _problem_with_node(workflow: Mapping[str, Any], node: str) -> str | None:
    if not _NODE_ID.fullmatch(node):
        return f"{node[:40]!r} is no id of a node."
    facts = workflow[node]
    if not isinstance(facts, dict) or facts.keys() - {"class_type", "inputs", "_meta"}:
        return f"Node {node} is not in the API form. {_API_FORM}"
    kind, inputs = facts.get("class_type"), facts.get("inputs")
    if not isinstance(kind, str) or not 1 <= len(kind) <= MAX_PLACE:
        return f"Node {node} has no class_type."
    if not isinstance(inputs, dict) or len(inputs) > MAX_INPUTS:
        return f"Node {node} has no inputs, or too many."
    for name, value in inputs.items():
        if _is_link(value) and value[0] not in workflow:
            return (
                f"Input {name} of node {node} is linked to a node {value[0]}, which is not there."
            )
    return None


def _is_link(value: Any) -> bool:
    """Say whether an input is an output of another node: its id and the output's number."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and not isinstance(value[1], bool)
    )


def _problems_with_values(workflow: Mapping[str, Any], values: Any) -> Iterator[Problem]:
    if not isinstance(values, dict):
        yield "values", "Values must be an object of values by their place."
        return
    for place, value in values.items():
        if not _has_place(workflow, place):
            yield "values", f"The workflow has no input {place[:MAX_PLACE]!r}."
        elif not isinstance(value, str | int | float | bool):
            yield "values", f"{place} must be a text, a number, or true or false."


def _problems_with_places(
    workflow: Mapping[str, Any], params: Mapping[str, Any]
) -> Iterator[Problem]:
    for name in ("imageTo", "image2To", "maskTo"):
        place = params.get(name)
        if place and not _has_place(workflow, place):
            yield name, f"The workflow has no input {str(place)[:MAX_PLACE]!r}."


def _has_place(workflow: Mapping[str, Any], place: Any) -> bool:
    if not isinstance(place, str) or not _PLACE.fullmatch(place):
        return False
    node, name = _parts(place)
    return node in workflow and name in workflow[node]["inputs"]


def _parts(place: str) -> tuple[str, str]:
    node, _, name = place.partition(".")
    return node, name


def _media(args: WorkflowIn) -> dict[str, list[Media]]:
    """Return the files by where they go.

    Raises:
        NodeFailed: the workflow has no place for one, or one for two.
    """
    media: dict[str, list[Media]] = {}
    for name, file in (("image", args.image), ("image2", args.image2), ("mask", args.mask)):
        if file is None:
            continue
        place = getattr(args, f"{name}To") or _usual_place(args.workflow, name)
        if place is None or place in media:
            kind = _LOADERS[name][0]
            message = f"The workflow has no {kind} node for {name}; say where it goes."
            raise NodeFailed("invalid_value", message)
        media[place] = [file]
    return media


def _usual_place(workflow: Mapping[str, Any], name: str) -> str | None:
    kind, input_name, number = _LOADERS[name]
    loaders = [
        node
        for node, facts in workflow.items()
        if facts["class_type"] == kind and input_name in facts["inputs"]
    ]
    return f"{loaders[number]}.{input_name}" if number < len(loaders) else None


NODES = (Workflow,)
