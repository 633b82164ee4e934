"""The cache of good keys."""

from accounts.services.key_cache import KeyCache, KnownKey
from accounts.types import Principal


def known(key_id: str, workspace_id: str = "ws_a") -> KnownKey:
    principal = Principal(
        key_id=key_id,
        key_name="k",
        workspace_id=workspace_id,
        mode="live",
        scopes=frozenset(),
        plan="free",
        limit_overrides={},
    )
    return KnownKey(principal, None, None)


def test_the_cache_is_bounded_and_forgets_the_oldest():
    cache = KeyCache(max_entries=3)

    for name in "abcd":
        cache.put(name, known(name), generation=cache.generation)

    assert len(cache) == 3
    assert cache.get("a") is None
    assert cache.get("d") is not None


def test_a_row_that_was_read_before_a_drop_is_not_kept():
    cache = KeyCache()
    before = cache.generation

    cache.drop_key("key_x")
    cache.put("x", known("key_x"), generation=before)

    assert cache.get("x") is None


def test_a_drop_takes_what_it_names_alone():
    cache = KeyCache()
    cache.put("a", known("key_a", "ws_a"), generation=0)
    cache.put("b", known("key_b", "ws_a"), generation=0)
    cache.put("c", known("key_c", "ws_c"), generation=0)

    cache.drop_key("key_a")
    assert [cache.get(name) is not None for name in "abc"] == [False, True, True]

    cache.drop_workspace("ws_a")
    assert [cache.get(name) is not None for name in "abc"] == [False, False, True]
