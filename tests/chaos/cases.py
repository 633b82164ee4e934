"""The load: runs of every kind, each with what an undisturbed run of it gives.

A feature joins the chaos by adding a `Case`. What it must give is not written here: every case is
run once in peace before the killing starts, and what came of that is what must come of all others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.graphs import chain, graph


@dataclass(frozen=True)
class Case:
    """A graph, its inputs, and what else is done to its runs.

    `weight` is how often it is drawn, `cancel` that its runs are cancelled soon after. A run ends
    with the status that it has in peace; one that is cancelled may come before that.
    """

    name: str
    document: Callable[["Known"], dict[str, Any]]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    weight: int = 1
    cancel: bool = False
    # Without this the first run of a case would be the only one that computes anything.
    options: Mapping[str, Any] = field(default_factory=lambda: {"cache": "off"})
    may_fail: str = ""  # an error code that a run may end with that lost its worker


@dataclass
class Known:
    """What earlier cases made, for those that build upon them: workflow ids by the case's name."""

    workflows: dict[str, str] = field(default_factory=dict)
    photo: str = ""


def _drawn(pictures: int) -> dict[str, Any]:
    """Pictures drawn beside each other, each with text, and put into a grid: all of it costly."""
    nodes: dict[str, Any] = {"in": ("input.text", {"name": "text"})}
    edges = []
    for index in range(pictures):
        nodes[f"c{index}"] = ("image.create", {"width": 48, "height": 32 + index})
        nodes[f"t{index}"] = ("image.text", {"size": 12, "text": "x"})
        edges += [f"c{index}.image -> t{index}.image", f"t{index}.image -> grid.images"]
    nodes["grid"] = ("image.grid", {"cellWidth": 32, "cellHeight": 32, "gap": 1, "margin": 1})
    nodes["out"] = ("output", {"name": "image"})
    nodes["say"] = ("output", {"name": "text"})
    return graph(nodes, [*edges, "grid.image -> out.value", "in.value -> say.value"])


def _mapped(count: int) -> dict[str, Any]:
    """A cheap list in chunks, added up."""
    return graph(
        {
            "range": ("list.range", {"stop": count}),
            "square": ("math.expression", {"expression": "a * a"}),
            "length": "list.length",
            "out": ("output", {"name": "numbers"}),
            "count": ("output", {"name": "count"}),
        },
        [
            "range.list -> square.a",
            "square.number -> out.value",
            "square.number -> length.list",
            "length.length -> count.value",
        ],
    )


def _mapped_costly(count: int) -> dict[str, Any]:
    """A picture for each element, in tasks of their own."""
    return graph(
        {
            "range": ("list.range", {"start": 16, "stop": 16 + count}),
            "create": ("image.create", {"height": 16}),
            "text": ("image.text", {"size": 8, "text": "o"}),
            "out": ("output", {"name": "images"}),
        },
        ["range.list -> create.width", "create.image -> text.image", "text.image -> out.value"],
    )


def _branches(condition: bool) -> dict[str, Any]:
    """One way is costly, the other cheap, and they come together."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "yes": ("logic.compare", {"operator": "eq", "a": 1, "b": 1 if condition else 2}),
            "if": "logic.if",
            "true": ("text.case", {"case": "upper"}),
            "false": ("text.case", {"case": "title"}),
            "merge": "logic.merge",
            "out": ("output", {"name": "text"}),
        },
        [
            "yes.result -> if.condition",
            "in.value -> if.value",
            "if.true -> true.text",
            "if.false -> false.text",
            "true.text -> merge.values",
            "false.text -> merge.values",
            "merge.value -> out.value",
        ],
    )


def _failing() -> dict[str, Any]:
    """Costly nodes beside one that fails."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "create": ("image.create", {"width": 40, "height": 40}),
            "text": ("image.text", {"size": 8}),
            "parse": "math.parse",
            "out": ("output", {"name": "number"}),
            "image": ("output", {"name": "image"}),
        },
        [
            "in.value -> parse.text",
            "in.value -> text.text",
            "create.image -> text.image",
            "text.image -> image.value",
            "parse.number -> out.value",
        ],
    )


def _own() -> dict[str, Any]:
    """Pictures that no other run has, so that their bytes are stored, and equal outputs."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "create": ("image.create", {"width": 400, "height": 40, "colour": "#000000"}),
            "text": ("image.text", {"size": 9}),
            "flip": "image.flip",
            "grid": ("image.grid", {"cellWidth": 32, "cellHeight": 32}),
            "info": "image.info",
            "out": ("output", {"name": "orientation"}),
        },
        [
            "in.value -> text.text",
            "create.image -> text.image",
            "text.image -> flip.image",
            "flip.image -> grid.images",
            "grid.image -> info.image",
            "info.orientation -> out.value",
        ],
    )


def _slow(length: int) -> dict[str, Any]:
    """One task that stores what it has done so far before it is at its end."""
    return chain(length, type_="chaos.slow")


def _paid(length: int) -> dict[str, Any]:
    """Tasks that cost something, one after the other."""
    return chain(length, type_="chaos.paid")


def _paid_mapped() -> dict[str, Any]:
    """Something that costs, for each element of a list."""
    return graph(
        {
            "in": ("input.list", {"name": "texts", "items": "text"}),
            "paid": "chaos.paid",
            "out": ("output", {"name": "texts"}),
        },
        ["in.value -> paid.text", "paid.text -> out.value"],
    )


def _photo() -> dict[str, Any]:
    """An uploaded picture through costly and cheap nodes in turn."""
    return graph(
        {
            "in": ("input.image", {"name": "photo"}),
            "blur": ("image.blur", {"radius": 2}),
            "text": ("image.text", {"size": 10, "text": "z"}),
            "flip": "image.flip",
            "out": ("output", {"name": "image"}),
        },
        [
            "in.value -> blur.image",
            "blur.image -> text.image",
            "text.image -> flip.image",
            "flip.image -> out.value",
        ],
    )


def _remote(style: str) -> dict[str, Any]:
    """A paid job at the test provider, between cheap nodes."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "case": "text.case",
            "ask": (f"test.remote_{style}", {"give_up_s": 12}),
            "trim": "text.trim",
            "out": ("output", {"name": "text"}),
        },
        [
            "in.value -> case.text",
            "case.text -> ask.prompt",
            "ask.text -> trim.text",
            "trim.text -> out.value",
        ],
    )


def _call(workflow_id: str) -> dict[str, Any]:
    """A run in a run."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "call": ("workflow.run", {"workflowId": workflow_id}),
            "trim": "text.trim",
            "out": ("output", {"name": "text"}),
        },
        ["in.value -> call.text", "call.text -> trim.text", "trim.text -> out.value"],
    )


def _round() -> dict[str, Any]:
    """One round of a loop: the text grows until it is long enough."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "twice": ("text.template", {"template": "{{a}}-{{a}}"}),
            "length": "text.length",
            "short": ("logic.compare", {"operator": "lt", "b": 60}),
            "again": ("output", {"name": "again"}),
            "out": ("output", {"name": "text"}),
        },
        [
            "in.value -> twice.a",
            "twice.text -> length.text",
            "length.characters -> short.a",
            "short.result -> again.value",
            "twice.text -> out.value",
        ],
    )


def _loop(workflow_id: str) -> dict[str, Any]:
    """A run for each round."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "loop": ("loop.while", {"workflowId": workflow_id}),
            "out": ("output", {"name": "text"}),
        },
        ["in.value -> loop.text", "loop.text -> out.value"],
    )


def _review() -> dict[str, Any]:
    """A question that nobody answers, so that the default counts after 3.6 s."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "ask": ("review.approve", {"waitHours": 0.001, "otherwise": "approve"}),
            "case": "text.case",
            "out": ("output", {"name": "text"}),
        },
        ["in.value -> ask.value", "ask.value -> case.text", "case.text -> out.value"],
    )


UNKNOWN = "provider_outcome_unknown"

_TEXT = {"text": "a few words"}
PHOTO = "the photo"  # stands for the uploaded file
OWN = "a text of its own"  # stands for one that no other run has

CASES: tuple[Case, ...] = (
    Case("inline", lambda _: chain(4), _TEXT, weight=4),
    Case("drawn", lambda _: _drawn(3), _TEXT, weight=3),
    Case("mapped", lambda _: _mapped(200), weight=2),
    Case("mapped-costly", lambda _: _mapped_costly(6), weight=2),
    Case("branch-taken", lambda _: _branches(condition=True), _TEXT),
    Case("branch-not-taken", lambda _: _branches(condition=False), _TEXT),
    Case("cached", lambda _: _drawn(2), _TEXT, options={"cache": "use"}),
    Case("refreshed", lambda _: _mapped_costly(4), options={"cache": "refresh"}),
    Case("failing", lambda _: _failing(), _TEXT),
    Case("own", lambda _: _own(), {"text": OWN}, weight=3),
    Case("slow", lambda _: _slow(4), _TEXT),
    Case("photo", lambda _: _photo(), {"photo": {"fileId": PHOTO}}, weight=2),
    Case("remote-a", lambda _: _remote("a"), _TEXT, weight=2),
    Case("remote-b", lambda _: _remote("b"), _TEXT, weight=2),
    Case("remote-c", lambda _: _remote("c"), _TEXT, weight=2, may_fail=UNKNOWN),
    Case("remote-d", lambda _: _remote("d"), _TEXT, weight=2, may_fail=UNKNOWN),
    Case("remote-cancelled", lambda _: _remote("b"), _TEXT, cancel=True),
    Case("nested", lambda known: _call(known.workflows["inline"]), _TEXT),
    Case("nested-remote", lambda known: _call(known.workflows["remote-a"]), _TEXT),
    Case("nested-cancelled", lambda known: _call(known.workflows["drawn"]), _TEXT, cancel=True),
    Case("paid", lambda _: _paid(3), _TEXT, weight=3),
    Case("paid-mapped", lambda _: _paid_mapped(), {"texts": ["a", "b", "c", "d"]}, weight=2),
    Case("paid-cancelled", lambda _: _paid(4), _TEXT, cancel=True),
    Case("nested-paid", lambda known: _call(known.workflows["paid"]), _TEXT, weight=2),
    Case("nested-paid-cancelled", lambda known: _call(known.workflows["paid"]), _TEXT, cancel=True),
    Case("twice-nested-paid", lambda known: _call(known.workflows["nested-paid"]), _TEXT),
    Case("round", lambda _: _round(), _TEXT),
    Case("loop", lambda known: _loop(known.workflows["round"]), _TEXT),
    Case("review", lambda _: _review(), _TEXT),
    Case("cancelled", lambda _: _drawn(4), _TEXT, weight=2, cancel=True),
)

BY_NAME: Mapping[str, Case] = {case.name: case for case in CASES}
