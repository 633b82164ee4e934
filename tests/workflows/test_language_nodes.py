"""`text.expandPrompt` and `text.plan`: node types on top of a language model of one's choice."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.executor.simulated import document_of
from tests.graphs import graph
from workflows.catalogue.chooser import MAX_INSTRUCTIONS, ChooserSpec
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.load import Catalogue, build_catalogue
from workflows.catalogue.model_files import read_model
from workflows.catalogue.nodes.language import (
    MAX_ITEM,
    MAX_PARTS,
    ExpandPrompt,
    PlanParts,
    parts_in,
)
from workflows.catalogue.remote import ProviderResult
from workflows.graphs.document import parse_graph
from workflows.graphs.estimate import PricedGraph, estimate, frozen_prices
from workflows.graphs.resolve import resolve
from workflows.graphs.resolved import ResolvedNode

TYPES = ("text.expandPrompt", "text.plan")


def chat(key: str, *, credits: str = "10", **changes: str) -> Any:  # noqa: A002
    text = document_of("chat", key=key, **changes).replace(
        'credits = "10"', f'credits = "{credits}"'
    )
    return read_model(text)


def catalogue_of(*models: Any) -> Catalogue:
    return build_catalogue(models=models)


CHEAP = chat("cheap", credits="2 * used(output_tokens, max_tokens) / 1000")
DEAR = chat(
    "dear", credits="tokens(prompt) + tokens(system) + 40 * used(output_tokens, max_tokens)"
)
CATALOGUE = catalogue_of(DEAR, CHEAP)


def plan_node(catalogue: Catalogue = CATALOGUE, **params: Any) -> ResolvedNode:
    document = graph(
        {
            "i": ("input.text", {"name": "goal"}),
            "plan": ("text.plan", params),
            "o": ("output", {"name": "parts"}),
        },
        ["i.value -> plan.prompt", "plan.texts -> o.value"],
    )
    found = resolve(parse_graph(document), catalogue)
    assert not found.problems
    return found.graph.by_id["plan"]


def call_of(node: ResolvedNode, prompt: str = "a boat") -> Any:
    arguments = {**node.params, "prompt": prompt}
    args = node.spec.input_record.model_validate(arguments, strict=True)
    return node.spec.node().request(args)  # type: ignore[attr-defined]


@pytest.mark.parametrize("type_", TYPES)
def test_the_choices_are_the_language_models_that_there_are(type_):
    retired = chat("aged", status='"retired"')
    catalogue = catalogue_of(retired, DEAR, CHEAP, read_model(document_of("upscale")))

    spec = catalogue.specs[type_]

    assert isinstance(spec, ChooserSpec)
    assert spec.params_by_name["model"].choices == ("cheap", "dear", "aged")


def test_the_cheapest_is_the_default_and_one_without_a_price_is_not():
    assert CATALOGUE.specs["text.plan"].params_by_name["model"].default == "cheap"
    unpriced = CHEAP.model_copy(update={"key": "a-unpriced", "price": None})

    spec = catalogue_of(unpriced, DEAR).specs["text.plan"]

    assert spec.params_by_name["model"].default == "dear"


def test_without_language_models_the_types_are_not_there():
    catalogue = catalogue_of(read_model(document_of("upscale")))

    assert not set(TYPES) & catalogue.specs.keys()


def test_a_node_has_the_price_and_the_model_that_it_chose():
    cheap, dear = plan_node(), plan_node(model="dear")

    assert (cheap.spec.model, dear.spec.model) == (CHEAP, DEAR)
    assert dear.spec.meta.price == DEAR.price.credits
    assert cheap.spec.type == dear.spec.type == "text.plan"


def test_an_estimate_goes_by_the_chosen_model():
    def most(model: str) -> int:
        document = graph(
            {"plan": ("text.plan", {"model": model, "prompt": "a boat"}),
             "o": ("output", {"name": "parts"})},
            ["plan.texts -> o.value"],
        )  # fmt: skip
        priced = PricedGraph(resolve(parse_graph(document), CATALOGUE).graph, {})
        assert frozen_prices(priced).keys() == {"plan"}
        return estimate(priced, {}).upper

    assert most("cheap") == 3  # 2 credits for 1,000 of 1,024 tokens, rounded up
    assert most("dear") > 40 * 1_024


def test_the_type_itself_says_between_what_its_runs_cost():
    price = CATALOGUE.specs["text.plan"].as_json()["price"]

    assert price["minCredits"] == 0
    assert price["maxCredits"] > 40 * 1_024


def test_the_model_is_told_what_to_do_and_given_the_idea_alone():
    call = call_of(plan_node(count=7, kind="scenes", style="noir", language="German"))

    assert call.body["prompt"] == "a boat"
    for word in ("exactly 7 scenes", "German", "noir"):
        assert word in call.body["system"]


def test_instructions_and_choice_are_part_of_what_a_result_is_known_by():
    plain, other, dear = plan_node(), plan_node(count=9), plan_node(model="dear")

    assert len({json.dumps(dict(node.params)) for node in (plain, other, dear)}) == 3
    assert plain.params["system"] != other.params["system"]


def test_an_unknown_model_is_a_problem_of_the_parameter():
    document = graph({"plan": ("text.plan", {"prompt": "x", "model": "nobody"})}, [])

    problems = resolve(parse_graph(document), CATALOGUE).problems

    assert [(each.path, each.code) for each in problems] == [
        ("nodes/plan/params/model", "not_allowed")
    ]


@pytest.mark.parametrize("value", [[], {}, 7, None, True])
@pytest.mark.parametrize("name", ["model", "kind", "count", "language"])
def test_settings_of_a_wrong_kind_are_problems_and_break_nothing(name, value):
    document = graph({"plan": ("text.plan", {"prompt": "x", name: value})}, [])

    problems = resolve(parse_graph(document), CATALOGUE).problems

    assert [each.path for each in problems] == [f"nodes/plan/params/{name}"] or (name, value) == (
        "count",
        7,
    )


def test_what_the_model_has_of_its_own_cannot_be_set_or_wired():
    document = graph(
        {"i": ("input.text", {"name": "x"}),
         "plan": ("text.plan", {"prompt": "x", "max_tokens": 5})},
        ["i.value -> plan.system"],
    )  # fmt: skip

    problems = resolve(parse_graph(document), CATALOGUE).problems

    assert {(each.path, each.code) for each in problems} == {
        ("nodes/plan/params/max_tokens", "unknown_field"),
        ("edges/e0", "not_found"),
    }


def test_instructions_are_short_whatever_is_set():
    for cls in (ExpandPrompt, PlanParts):
        for medium in ("image", "video", "music", "speech"):
            given = {"medium": medium, "style": "s" * 300, "language": "l" * 40, "count": MAX_PARTS}
            assert len(cls.instructions(given)) < MAX_INSTRUCTIONS


# --- answers


@pytest.mark.parametrize(
    "answer",
    [
        '["one", "two", "three"]',
        '```json\n["one", "two", "three"]\n```',
        'Here is your plan:\n["one", "two", "three"]\nEnjoy!',
        '{"shots": ["one", "two", "three"]}',
        '[{"title": "1", "description": "one"}, {"text": "two"}, {"anything": "three"}]',
        "1. one\n2. two\n3. three",
        "1) one\n\n2) two\n\n3) three",
        "Sure, here they are:\n\n1. one\n2. two\n3. three",
        "- one\n- two\n- three",
        "* one\n• two\n- three",
        "Shot 1: one\nShot 2: two\nShot 3: three",
        "**Scene 1:** one\n**Scene 2:** two\n**Scene 3:** three",
        "### Step 1 - one\n### Step 2 - two\n### Step 3 - three",
        "one\ntwo\nthree",
        "one\n\ntwo\n\nthree",
        '["one", "two", "three", "and a fourth that the answer was too long f',
    ],
)
def test_p7_a_plan_is_found_in_whatever_form_it_comes(answer):
    assert parts_in(answer) == ["one", "two", "three"]


def test_p7_lines_that_go_on_belong_to_their_part():
    assert parts_in("1. one\n   and more\n2. two") == ["one and more", "two"]


@pytest.mark.parametrize(
    "answer",
    ["", "   \n ", "[]", "[" * 100_000, "{" * 50_000, "```", '{"a": {"b": []}}', "\x00\ud800"],
)
def test_p7_rubbish_is_no_plan_and_breaks_nothing(answer):
    parts = parts_in(answer)

    assert all(parts)


@given(st.text(max_size=300))
def test_p7_parts_are_texts_that_may_be_stored(answer):
    for part in parts_in(answer):
        assert part.strip()
        assert "\x00" not in part
        part.encode("utf-8")


@pytest.mark.parametrize("count", [1, 5, MAX_PARTS])
def test_p7_a_part_is_cut_and_there_are_no_more_than_were_asked_for(count):
    node = plan_node(count=count).spec.node()
    answer = json.dumps(["x" * 4_500] * 42)

    out = node.result(None, ProviderResult({"text": answer}))  # type: ignore[attr-defined]

    assert len(out.texts) == count
    assert {len(text) for text in out.texts} == {MAX_ITEM}


@pytest.mark.parametrize(
    ("type_", "answer"),
    [  # to the second one, brackets may be a prompt
        ("text.plan", ""),
        ("text.plan", "[]"),
        ("text.plan", '"  "'),
        ("text.expandPrompt", ""),
        ("text.expandPrompt", '"  "'),
    ],
)
def test_an_answer_without_anything_fails_the_node(type_, answer):
    spec, _ = CATALOGUE.specs[type_].choose({"model": "cheap"})  # type: ignore[attr-defined]

    with pytest.raises(NodeFailed) as failure:
        spec.node().result(None, ProviderResult({"text": answer}))

    assert (failure.value.code, failure.value.retryable) == ("provider_error", True)


@pytest.mark.parametrize(
    ("answer", "prompt"),
    [
        ("A boat at dawn.", "A boat at dawn."),
        ('"A boat at dawn."', "A boat at dawn."),
        ("```\nA boat at dawn.\n```", "A boat at dawn."),
        ('A "boat" at "dawn"', 'A "boat" at "dawn"'),
    ],
)
def test_a_prompt_comes_without_what_stands_around_it(answer, prompt):
    spec, _ = CATALOGUE.specs["text.expandPrompt"].choose({"model": "cheap"})  # type: ignore[attr-defined]

    assert spec.node().result(None, ProviderResult({"text": answer})).text == prompt


def test_a_simulated_plan_has_as_many_parts_as_were_asked_for():
    node = plan_node(count=4)
    args = node.spec.input_record.model_validate({**node.params, "prompt": "a boat"}, strict=True)
    work: Any = node.spec.node()

    out = work.result(None, ProviderResult({"text": work.simulated_text(args)}))

    assert len(out.texts) == 4
    assert all(text.startswith("[TEST]") and "a boat" in text for text in out.texts)
