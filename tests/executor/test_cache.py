"""The cache: equal work is done once in a workspace, and what is known costs nothing."""

from datetime import timedelta

import pytest
from PIL import Image

from common.clock import FixedClock, utc_now
from executor.models import CacheEntry, Execution, File, NodeResults, Task
from executor.selectors.runs import list_events
from executor.services import cache
from executor.services.accept import accept_execution
from executor.services.cache import Fresh, find_entries, purge_cache, store_entries
from executor.services.files import delete_file, take_upload
from executor.types import ExecutionRequest, Trigger
from tests.executor.runs import accept, answer_of, perform_all, publish, run
from tests.graphs import chain, graph

PICTURE = graph(
    {
        "i": ("input.image", {"name": "photo"}),
        "r": ("image.resize", {"width": 32, "height": 32, "fit": "cover"}),
        "b": ("image.blur", {"radius": 1}),
        "o": ("output", {"name": "image"}),
    },
    ["i.value -> r.image", "r.image -> b.image", "b.image -> o.value"],
)
FAN = graph(
    {
        "l": ("input.list", {"name": "words", "items": "text"}),
        "c": "text.case",
        "j": ("text.join", {"separator": ","}),
        "o": ("output", {"name": "out"}),
    },
    ["l.value -> c.text", "c.text -> j.texts", "j.text -> o.value"],
)
BRANCH = graph(
    {
        "t": ("input.text", {"name": "text"}),
        "b": ("input.boolean", {"name": "shout"}),
        "if": "logic.if",
        "u": ("text.case", {"case": "upper"}),
        "w": ("text.case", {"case": "lower"}),
        "m": "logic.merge",
        "o": ("output", {"name": "out"}),
    },
    [
        "t.value -> if.value",
        "b.value -> if.condition",
        "if.true -> u.text",
        "if.false -> w.text",
        "u.text -> m.values",
        "w.text -> m.values",
        "m.value -> o.value",
    ],
)


@pytest.fixture
def photo(workspace, tmp_path):
    """An uploaded picture of 64 × 48."""
    source = tmp_path / "photo.png"
    Image.effect_noise((64, 48), 80).convert("RGB").save(source)
    return take_upload(workspace_id=workspace.id, source=source)


def again(workspace, workflow, inputs, **options):
    """The answer of one more run, and how many tasks it took."""
    accepted = accept(workspace, workflow, inputs, **options)
    perform_all()
    tasks = Task.objects.filter(execution_id=accepted.execution_id).count()
    return answer_of(workspace, accepted.execution_id), tasks


def cached_nodes(answer):
    """The nodes that were answered from the cache."""
    return {node["nodeId"] for node in answer["nodes"] if node["cached"]}


def without_times(answer):
    """What two runs must have in common."""
    nodes = [(node["nodeId"], node["status"], node["outputs"]) for node in answer["nodes"]]
    return answer["status"], answer["outputs"], nodes


def test_a_graph_run_twice_recomputes_nothing_and_is_over_when_it_is_accepted(workspace) -> None:
    workflow = publish(workspace, chain(3))
    first, _ = again(workspace, workflow, {"text": "x"})

    accepted = accept(workspace, workflow, {"text": "x"})

    second = answer_of(workspace, accepted.execution_id)
    assert without_times(second) == without_times(first)
    assert cached_nodes(first) == set()
    assert cached_nodes(second) == {"n0", "n1", "n2"}
    assert [node["credits"] for node in second["nodes"]] == [0] * 5
    assert not Task.objects.filter(execution_id=accepted.execution_id).exists()


def test_a_run_that_is_over_when_it_is_accepted_tells_its_end_alone(workspace) -> None:
    workflow = publish(workspace, chain(2))
    again(workspace, workflow, {"text": "x"})

    accepted = accept(workspace, workflow, {"text": "x"})

    events = list_events(accepted.execution_id, since=0)
    assert [(event["seq"], event["type"]) for event in events] == [(1, "final")]
    assert events[0]["data"] == answer_of(workspace, accepted.execution_id)


@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_pictures_come_from_the_cache_as_the_files_that_they_were(workspace, photo, keep) -> None:
    workflow = publish(workspace, PICTURE)
    inputs = {"photo": {"fileId": photo.id}}
    first, _ = again(workspace, workflow, inputs, keep=keep)

    second, tasks = again(workspace, workflow, inputs, keep=keep)

    assert without_times(second) == without_times(first)
    assert (cached_nodes(second), tasks) == ({"r", "b"}, 0)


def test_equal_content_under_another_file_id_is_equal(workspace, photo, tmp_path) -> None:
    workflow = publish(workspace, PICTURE)
    again(workspace, workflow, {"photo": {"fileId": photo.id}})
    source = tmp_path / "same.png"
    Image.effect_noise((1, 1), 1).save(source)
    row = File.objects.of(workspace.id).get(pk=photo.id)
    row.id = "file_00000000000000000000000009"
    row.save(force_insert=True)

    _, tasks = again(workspace, workflow, {"photo": {"fileId": row.id}})

    assert tasks == 0


def test_media_that_was_not_kept_is_computed_for_who_wants_it(workspace, photo) -> None:
    workflow = publish(workspace, PICTURE)
    inputs = {"photo": {"fileId": photo.id}}
    again(workspace, workflow, inputs, keep="outputs")

    answer, _ = again(workspace, workflow, inputs, keep="all")

    assert "image" in answer["nodes"][1]["outputs"]
    assert cached_nodes(answer) == {"b"}


def test_what_was_not_kept_is_made_again_only_for_a_node_that_needs_it(workspace, photo) -> None:
    inputs = {"photo": {"fileId": photo.id}}
    again(workspace, publish(workspace, PICTURE), inputs, keep="outputs")
    other = {**PICTURE, "nodes": [dict(node) for node in PICTURE["nodes"]]}
    other["nodes"][2]["params"] = {"radius": 2}

    answer, _ = again(workspace, publish(workspace, other), inputs, keep="outputs")

    assert answer["status"] == "COMPLETED"
    assert cached_nodes(answer) == {"r"}


def test_one_changed_parameter_recomputes_only_what_depends_on_it(workspace) -> None:
    document = chain(4)
    again(workspace, publish(workspace, document), {"text": "Word"})
    document["nodes"][3]["params"] = {"case": "lower"}

    answer, tasks = again(workspace, publish(workspace, document), {"text": "Word"})

    assert cached_nodes(answer) == {"n0", "n1"}
    assert answer["outputs"] == {"text": "WORD"}
    assert tasks == 1


def test_one_changed_input_recomputes_only_what_depends_on_it(workspace) -> None:
    document = graph(
        {
            "a": ("input.text", {"name": "a"}),
            "b": ("input.text", {"name": "b"}),
            "x": "text.case",
            "y": "text.case",
            "j": "text.join",
            "o": ("output", {"name": "out"}),
        },
        [
            "a.value -> x.text",
            "b.value -> y.text",
            "x.text -> j.texts",
            "y.text -> j.texts",
            "j.text -> o.value",
        ],
    )
    workflow = publish(workspace, document)
    again(workspace, workflow, {"a": "1", "b": "2"})

    answer, _ = again(workspace, workflow, {"a": "1", "b": "3"})

    assert cached_nodes(answer) == {"x"}


def test_a_mapped_list_comes_from_the_cache(workspace) -> None:
    workflow = publish(workspace, FAN)
    words = [f"w{number}" for number in range(250)]
    first, _ = again(workspace, workflow, {"words": words})

    second, tasks = again(workspace, workflow, {"words": words})

    assert without_times(second) == without_times(first)
    assert (cached_nodes(second), tasks) == ({"c", "j"}, 0)


def test_of_a_mapped_list_only_the_chunk_that_changed_is_computed(workspace) -> None:
    workflow = publish(workspace, FAN)
    words = [f"w{number}" for number in range(250)]
    again(workspace, workflow, {"words": words})
    words[120] = "new"

    answer, tasks = again(workspace, workflow, {"words": words})

    assert answer["outputs"]["out"] == ",".join(word.upper() for word in words)
    assert tasks == 2  # the second chunk, and what joins them
    assert cached_nodes(answer) == set()


def test_lists_inside_lists_come_from_the_cache(workspace) -> None:
    document = graph(
        {
            "l": ("input.list", {"name": "texts", "items": "text"}),
            "s": ("text.split", {"separator": " "}),
            "c": "text.case",
            "j": ("text.join", {"separator": "+"}),
            "o": ("output", {"name": "out"}),
        },
        [
            "l.value -> s.text",
            "s.texts -> c.text",
            "c.text -> j.texts",
            "j.text -> o.value",
        ],
    )
    workflow = publish(workspace, document)
    inputs = {"texts": ["a b", "c", "d e f"]}
    first, _ = again(workspace, workflow, inputs)

    second, tasks = again(workspace, workflow, inputs)

    assert first["status"] == "COMPLETED"
    assert without_times(second) == without_times(first)
    assert tasks == 0


def test_a_run_within_a_run_is_answered_from_the_cache_and_over_at_once(workspace) -> None:
    inner = publish(workspace, chain(2))
    document = graph(
        {
            "i": ("input.text", {"name": "text"}),
            "call": ("workflow.run", {"workflowId": inner}),
            "o": ("output", {"name": "out"}),
        },
        ["i.value -> call.text", "call.text -> o.value"],
    )
    workflow = publish(workspace, document)
    first, _ = again(workspace, workflow, {"text": "x"})

    second, tasks = again(workspace, workflow, {"text": "x"})

    children = Execution.objects.of(workspace.id).exclude(parent_id=None).order_by("pk")
    assert (first["outputs"], second["outputs"]) == ({"out": "X"}, {"out": "X"})
    assert tasks == 1  # of the call, which itself is never cached
    assert [Task.objects.filter(execution_id=child.pk).count() for child in children] == [1, 0]
    assert cached_nodes(answer_of(workspace, children[1].pk)) == {"n0", "n1"}


@pytest.mark.parametrize("shout", [True, False])
def test_a_branch_that_was_not_taken_stays_skipped(workspace, shout) -> None:
    workflow = publish(workspace, BRANCH)
    first, _ = again(workspace, workflow, {"text": "Hi", "shout": shout})

    second, tasks = again(workspace, workflow, {"text": "Hi", "shout": shout})

    assert without_times(second) == without_times(first)
    assert [node["status"] for node in second["nodes"]].count("SKIPPED") == 1
    assert tasks == 0


def test_refresh_computes_and_replaces_what_was_there(workspace) -> None:
    workflow = publish(workspace, chain(1))
    again(workspace, workflow, {"text": "x"})
    CacheEntry.objects.of(workspace.id).update(outputs={"text": {"v": "stale"}})

    refreshed, tasks = again(workspace, workflow, {"text": "x"}, cache="refresh")
    used, _ = again(workspace, workflow, {"text": "x"})

    assert (refreshed["outputs"], cached_nodes(refreshed), tasks) == ({"text": "X"}, set(), 1)
    assert (used["outputs"], cached_nodes(used)) == ({"text": "X"}, {"n0"})


def test_off_neither_looks_up_nor_stores(workspace) -> None:
    workflow = publish(workspace, chain(1))
    again(workspace, workflow, {"text": "x"}, cache="off")
    stored = CacheEntry.objects.of(workspace.id).count()
    again(workspace, workflow, {"text": "x"})

    answer, tasks = again(workspace, workflow, {"text": "x"}, cache="off")

    assert stored == 0
    assert (cached_nodes(answer), tasks) == (set(), 1)


def test_another_workspace_never_hits(workspace, stranger_workspace) -> None:
    again(workspace, publish(workspace, chain(1)), {"text": "x"})

    answer, tasks = again(stranger_workspace, publish(stranger_workspace, chain(1)), {"text": "x"})

    assert (cached_nodes(answer), tasks) == (set(), 1)


def test_a_test_run_and_a_live_one_never_answer_for_each_other(workspace) -> None:
    workflow = publish(workspace, chain(1))
    request = ExecutionRequest(workspace.id, workflow, None, {"text": "x"}, "test", Trigger.API)
    again(workspace, workflow, {"text": "x"})

    accepted = accept_execution(request)
    perform_all()

    assert cached_nodes(answer_of(workspace, accepted.execution_id)) == set()
    assert cached_nodes(answer_of(workspace, accept_execution(request).execution_id)) == {"n0"}


def test_a_deleted_file_is_a_miss_and_what_is_made_anew_is_found_again(workspace, photo) -> None:
    workflow = publish(workspace, PICTURE)
    inputs = {"photo": {"fileId": photo.id}}
    first, _ = again(workspace, workflow, inputs)
    delete_file(workspace_id=workspace.id, file_id=first["outputs"]["image"]["fileId"])

    second, _ = again(workspace, workflow, inputs)
    third, tasks = again(workspace, workflow, inputs)

    assert cached_nodes(second) == {"r"}
    assert second["outputs"]["image"]["fileId"] != first["outputs"]["image"]["fileId"]
    assert (cached_nodes(third), tasks) == ({"r", "b"}, 0)


def test_a_failed_node_is_never_cached(workspace) -> None:
    document = graph(
        {
            "l": ("list.range", {"start": 0, "stop": 3}),
            "p": ("list.pick", {"index": 9}),
            "o": ("output", {"name": "out"}),
        },
        ["l.list -> p.list", "p.value -> o.value"],
    )
    workflow = publish(workspace, document)
    again(workspace, workflow, {})

    answer, tasks = again(workspace, workflow, {})

    assert (answer["status"], cached_nodes(answer), tasks) == ("FAILED", {"l"}, 1)


def test_a_hit_writes_when_it_was_used_once_an_hour_at_most(workspace, photo) -> None:
    workflow = publish(workspace, PICTURE)
    inputs = {"photo": {"fileId": photo.id}}
    request = ExecutionRequest(workspace.id, workflow, None, inputs, "live", Trigger.API)
    again(workspace, workflow, inputs)
    soon, late = (
        FixedClock(utc_now() + timedelta(minutes=9)),
        FixedClock(utc_now() + timedelta(hours=2)),
    )
    entries, files = CacheEntry.objects.of(workspace.id), File.objects.of(workspace.id)
    before = set(entries.values_list("used_at", flat=True))

    accept_execution(request, clock=soon)
    unchanged = set(entries.values_list("used_at", flat=True))
    accept_execution(request, clock=late)

    assert unchanged == before
    assert set(entries.values_list("used_at", flat=True)) == {late.now()}
    made = files.exclude(execution_id=None)
    assert set(made.values_list("reused_at", flat=True)) == {late.now()}


def test_a_value_that_is_dearer_to_keep_than_to_compute_is_not_kept(workspace) -> None:
    answer, _ = again(workspace, publish(workspace, chain(1)), {"text": "x" * 70_000})

    assert answer["status"] == "COMPLETED"
    assert not CacheEntry.objects.of(workspace.id).exists()


def test_a_costly_value_is_kept_when_a_cheap_one_of_its_size_is_not(workspace) -> None:
    outputs, now = {"text": {"v": "x" * 70_000}}, utc_now()
    fresh = [Fresh("a" * 64, outputs, is_costly=True), Fresh("b" * 64, outputs, is_costly=False)]

    store_entries(workspace.id, fresh, replaces=False, now=now)

    found = find_entries(workspace.id, ["a" * 64, "b" * 64], takes_partial=False, now=now)
    assert found == {"a" * 64: outputs}


def test_what_was_not_used_for_long_is_purged(workspace, stranger_workspace) -> None:
    now = utc_now()
    old = now - cache.MAX_AGE - timedelta(seconds=1)
    for number, (place, at) in enumerate(
        [(workspace, old), (workspace, now), (stranger_workspace, old)]
    ):
        store_entries(place.id, [Fresh(str(number) * 64, {}, False)], replaces=False, now=at)

    deleted = purge_cache(clock=FixedClock(now))

    assert deleted == 2
    left = CacheEntry.objects.across_workspaces().values_list("key", flat=True)
    assert list(left) == ["1" * 64]


def test_purging_stops_at_its_limit_and_goes_on_when_called_again(workspace) -> None:
    old = utc_now() - cache.MAX_AGE - timedelta(days=1)
    fresh = [Fresh(f"{number:064}", {}, False) for number in range(5)]
    store_entries(workspace.id, fresh, replaces=False, now=old)

    assert [purge_cache(limit=3), purge_cache(limit=3), purge_cache(limit=3)] == [3, 2, 0]


def test_of_too_much_what_was_used_first_goes_first(workspace, monkeypatch) -> None:
    now = utc_now()
    monkeypatch.setattr(cache, "MAX_ENTRIES", 2)
    for number in range(4):
        at = now - timedelta(minutes=number)
        store_entries(workspace.id, [Fresh(str(number) * 64, {}, False)], replaces=False, now=at)

    purge_cache(clock=FixedClock(now))

    left = set(CacheEntry.objects.of(workspace.id).values_list("key", flat=True))
    assert left == {"0" * 64, "1" * 64}


def test_what_is_known_when_a_worker_begins_is_taken_over(workspace) -> None:
    workflow = publish(workspace, FAN)
    first = accept(workspace, workflow, {"words": ["a", "b"]})
    second = accept(workspace, workflow, {"words": ["a", "b"]})

    perform_all()

    answers = [answer_of(workspace, run_.execution_id) for run_ in (first, second)]
    assert answers[0]["outputs"] == answers[1]["outputs"]
    # Of the cheap first segment nothing was known to either; one of them came second to the other.
    assert sorted(map(len, map(cached_nodes, answers))) == [0, 1]


def test_looking_up_costs_an_accept_one_statement(workspace, django_assert_max_num_queries) -> None:
    workflow = publish(workspace, chain(3))
    accept(workspace, workflow, {"text": "warm"})

    with django_assert_max_num_queries(2 + 6):  # two are the savepoint of the test
        accept(workspace, workflow, {"text": "miss"})
    perform_all()
    with django_assert_max_num_queries(2 + 6):
        hit = accept(workspace, workflow, {"text": "miss"})

    assert Execution.objects.of(workspace.id).get(pk=hit.execution_id).status == "COMPLETED"
    assert NodeResults.objects.filter(execution_id=hit.execution_id).count() == 1


def test_a_run_of_nothing_but_inputs_and_outputs_still_ends(workspace) -> None:
    document = graph(
        {"i": ("input.text", {"name": "text"}), "o": ("output", {"name": "text"})},
        ["i.value -> o.value"],
    )

    assert run(workspace, document, {"text": "x"})["outputs"] == {"text": "x"}
