"""Prefixed, time-ordered ids."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from common.ids import BODY_LENGTH, MAX_ID_LENGTH, is_id, new_id


def test_an_id_has_its_prefix_and_a_body():
    made = new_id("exec")

    assert made.startswith("exec_")
    assert len(made) == len("exec_") + BODY_LENGTH
    assert len(made) <= MAX_ID_LENGTH
    assert is_id(made, "exec")


def test_ids_of_one_process_sort_by_the_order_of_making():
    made = [new_id("x") for _ in range(5_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_threads_never_get_the_same_id():
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_id("x"), range(4_000)))

    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    "text", ["", "exec_", "exec", "wf_" + "0" * 26, "exec_" + "0" * 25, "exec_" + "U" * 26]
)
def test_other_shapes_are_no_ids(text):
    assert not is_id(text, "exec")
