"""What is read out of answers can be trusted to be what it is named."""

import base64
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.strict_json import check_text
from executor.providers.answers import (
    MAX_TEXT,
    clean_json,
    clean_text,
    get_any,
    get_list,
    get_number,
    get_str,
    json_in,
    need_bytes,
    need_dict,
    need_list,
    need_number,
    need_str,
    provider_words,
)
from executor.providers.errors import Unanswered
from executor.providers.transport import Rejection, Reply
from tests.providers.courses import assert_storable

ANSWER = {"data": [{"url": "u", "n": 3}], "nothing": None, "is": True}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
PLACES = st.lists(st.text(max_size=3) | st.integers(-3, 3), max_size=4)


def test_a_place_is_found_by_keys_and_numbers() -> None:
    assert get_str(ANSWER, "data", 0, "url") == "u"
    assert get_str(ANSWER, "data", -1, "url") == "u"
    assert get_number(ANSWER, "data", 0, "n") == 3


@pytest.mark.parametrize("place", [("data", 1), ("data", "url"), ("nothing", "x"), ("is", 0), (0,)])
def test_a_place_that_is_not_there_is_none(place: tuple[str | int, ...]) -> None:
    assert get_any(ANSWER, *place) is None
    with pytest.raises(Unanswered):
        need_str(ANSWER, *place)


@pytest.mark.parametrize("number", [True, "3", math.nan, math.inf, 10**400, None, [3]])
def test_only_finite_numbers_are_numbers(number: object) -> None:
    assert get_number({"n": number}, "n") is None
    with pytest.raises(Unanswered):
        need_number({"n": number}, "n")


def test_empty_things_are_not_what_was_needed() -> None:
    for need in (need_str, need_list, need_dict):
        with pytest.raises(Unanswered):
            need({"x": "" if need is need_str else []}, "x")


@pytest.mark.parametrize("head", ["", "data:image/png;base64,"])
def test_base64_is_read_with_and_without_a_head(head: str) -> None:
    assert need_bytes({"x": head + base64.b64encode(b"abc").decode()}, "x") == b"abc"


@pytest.mark.parametrize("text", ["!", "YQ", "\ud800", "", 5, "data:image/png,YWJj"])
def test_what_is_no_base64_is_told(text: object) -> None:
    with pytest.raises(Unanswered):
        need_bytes({"x": text}, "x")


def test_p7_texts_are_cut_and_cleaned() -> None:
    assert clean_text("a\x00b\ud800c") == "abc"
    assert len(clean_text("x" * 300_000)) == MAX_TEXT


def test_p7_json_that_a_model_wrote_is_found_in_its_words() -> None:
    assert json_in('{"a": 1}') == {"a": 1}
    assert json_in('Here:\n```json\n{"a": [1, 2]}\n```\nDone.') == {"a": [1, 2]}
    assert json_in("no JSON") is None
    assert json_in("[" * 100_000) is None
    assert json_in("```py\n1\n```\n```json\n2\n```") == 2


@pytest.mark.parametrize("text", ["```" + "\n" * 200_000, "```json\n" * 25_000, "`" * 200_000])
def test_p7_a_fence_that_never_ends_is_read_in_a_moment(text: str) -> None:
    began = time.monotonic()

    assert json_in(text) is None

    assert time.monotonic() - began < 1


@given(JSON, PLACES)
def test_p7_nothing_that_is_read_can_break_a_row(value: object, place: list[str | int]) -> None:
    assert isinstance(get_list(value, *place), list)
    check_text(get_str(value, *place) or "")

    assert_storable(clean_json(value))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("size must be 1024x1024, input.image is wrong", "size must be 1024x1024, input.image is wrong"),
        ("bad key sk-abc123***********def", "bad key …"),
        ("see https://x.example/a?key=1 or api.openai.com/docs.", "see … or …"),
        ("a\x00b\nc\u202e  d", "ab c d"),
        (None, "It is wrong."),
        ("\x00 \n", "It is wrong."),
        ("x " * 400, ("x " * 150)[:299] + "…"),
    ],
)  # fmt: skip
def test_a_provider_s_own_words_name_no_key_and_no_address(said: object, shown: str) -> None:
    assert provider_words(said, "It is wrong.") == shown


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"[]," * 2_000_000 + b"1]",
        b"[" + (b"[" * 40 + b"]" * 40 + b",") * 300_000 + b"1]",  # two gigabytes of lists
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"9" * 5_000,
    ],
)
def test_p7_json_that_would_be_blown_up_is_not_read(body):
    began_at = time.monotonic()

    with pytest.raises(Unanswered):
        Reply(200, {}, body).json()

    assert Rejection(400, {}, body, None).json() is None
    assert time.monotonic() - began_at < 1.0
