"""Sealed secrets open where they lie, by the key that sealed them, and nowhere else."""

from dataclasses import replace

import pytest

from common.secrets import KeyRing, Place, SecretUnreadable, read_key_ring

OLD = "k1:" + "a" * 32
NEW = "k2:" + "b" * 32
HERE = Place("provider_key", "sealed", "ws_1", "pkey_1")


def test_what_was_sealed_opens_in_its_place() -> None:
    ring = read_key_ring(OLD)

    sealed = ring.seal("sk-secret-ä", HERE)

    assert "secret" not in sealed
    assert ring.open(sealed, HERE) == "sk-secret-ä"


def test_the_same_text_is_sealed_differently_each_time() -> None:
    ring = read_key_ring(OLD)

    assert ring.seal("x", HERE) != ring.seal("x", HERE)


@pytest.mark.parametrize("field", ["table", "column", "workspace_id", "row_id"])
def test_x56_a_sealed_text_that_was_moved_does_not_open(field: str) -> None:
    ring = read_key_ring(OLD)
    sealed = ring.seal("x", HERE)

    with pytest.raises(SecretUnreadable):
        ring.open(sealed, replace(HERE, **{field: "elsewhere"}))


def test_parts_of_a_place_do_not_run_into_each_other() -> None:
    ring = read_key_ring(OLD)
    sealed = ring.seal("x", Place("a", "bc", "w", "r"))

    with pytest.raises(SecretUnreadable):
        ring.open(sealed, Place("ab", "c", "w", "r"))


def test_x56_old_secrets_open_while_their_key_is_in_the_ring_and_are_known_as_old() -> None:
    sealed = read_key_ring(OLD).seal("x", HERE)
    both = read_key_ring(f"{NEW},{OLD}")

    assert both.open(sealed, HERE) == "x"
    assert not both.is_current(sealed)
    assert both.is_current(both.seal("x", HERE))


def test_x56_without_its_key_a_secret_raises_and_is_never_given_back_as_it_is() -> None:
    sealed = read_key_ring(OLD).seal("x", HERE)

    with pytest.raises(SecretUnreadable):
        read_key_ring(NEW).open(sealed, HERE)


@pytest.mark.parametrize("place", range(0, 90, 7))
def test_a_changed_character_is_noticed(place: int) -> None:
    ring = read_key_ring(OLD)
    sealed = ring.seal("a text of some length, so that there is something to change", HERE)
    changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]

    with pytest.raises(SecretUnreadable):
        ring.open(changed, HERE)


@pytest.mark.parametrize("text", ["", "plain", "v1:k1:a:b", "v1:k1", "v2:k1:AAAA:AAAA", "v1::::"])
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(SecretUnreadable):
        read_key_ring(OLD).open(text, HERE)


@pytest.mark.parametrize(
    "text", ["", "k1", "k1:short", f"{OLD},{OLD}", f"k:1:{'a' * 20}", f"k 1:{'a' * 40}"]
)
def test_a_setting_that_describes_no_ring_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="each item"):
        read_key_ring(text)


def test_a_ring_shows_no_key() -> None:
    ring: KeyRing = read_key_ring(OLD)

    assert "keys" not in repr(ring)
