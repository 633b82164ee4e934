"""Retrying: what had completed is taken over, and only the rest is done."""

from collections.abc import Iterator

import pytest
from PIL import Image

from common.errors import Conflict, InvalidGraph, InvalidInputs
from executor.errors import ExecutionNotFound
from executor.models import CacheEntry, Execution, Task
from executor.services.cancel import cancel_execution
from executor.services.files import delete_file, take_upload
from executor.services.retry import RetryRequest, retry_execution
from tests.executor import flaky_nodes
from tests.executor.runs import accept, answer_of, perform_all, publish
from tests.graphs import graph
from workflows.selectors import get_catalogue

CHAIN = graph(
    {
        "i": ("input.text", {"name": "text"}),
        "a": "flaky.cheap",
        "b": "flaky.costly",
        "c": "flaky.cheap",
        "o": ("output", {"name": "out"}),
    },
    ["i.value -> a.text", "a.text -> b.text", "b.text -> c.text", "c.text -> o.value"],
)
FAN = graph(
    {
        "l": ("input.list", {"name": "words", "items": "text"}),
        "f": "flaky.costly",
        "j": ("text.join", {"separator": ","}),
        "o": ("output", {"name": "out"}),
    },
    ["l.value -> f.text", "f.text -> j.texts", "j.text -> o.value"],
)


@pytest.fixture(autouse=True)
def _flaky(settings) -> Iterator[None]:
    """The flaky nodes, all of them well."""
    settings.EXTRA_NODES = ["tests.executor.flaky_nodes"]
    get_catalogue.cache_clear()
    flaky_nodes.BROKEN.clear()
    flaky_nodes.COMPUTED.clear()
    yield
    get_catalogue.cache_clear()


def first_run(workspace, document, inputs, *, broken=(), cache="off", **options):
    """A run that is over, without the cache; the texts in `broken` fail it."""
    flaky_nodes.BROKEN.update(broken)
    run = accept(workspace, publish(workspace, document), inputs, cache=cache, **options)
    perform_all()
    flaky_nodes.BROKEN.clear()
    flaky_nodes.COMPUTED.clear()
    return run.execution_id


def retry(workspace, execution_id, *, mode="live", **more):
    """The answer of a retry that is over."""
    request = RetryRequest(workspace.id, execution_id, mode, **more)
    accepted = retry_execution(request)
    perform_all()
    return answer_of(workspace, accepted.execution_id)


def cached_nodes(answer):
    """The nodes that were taken over."""
    return {node["nodeId"] for node in answer["nodes"] if node["cached"]}


def test_a_retry_of_a_failed_run_runs_only_the_rest(workspace) -> None:
    failed = first_run(workspace, CHAIN, {"text": "x"}, broken=["x!"])

    answer = retry(workspace, failed)

    assert (answer["status"], answer["outputs"]) == ("COMPLETED", {"out": "x!!!"})
    assert flaky_nodes.COMPUTED == ["x!", "x!!"]
    assert cached_nodes(answer) == {"a"}
    assert answer["executionId"] != failed
    assert Execution.objects.of(workspace.id).get(pk=answer["executionId"]).retry_of == failed


def test_a_retry_within_a_segment_runs_only_the_rest(workspace) -> None:
    document = graph(
        {
            "i": ("input.text", {"name": "text"}),
            "a": "flaky.cheap",
            "b": "flaky.cheap",
            "o": ("output", {"name": "out"}),
        },
        ["i.value -> a.text", "a.text -> b.text", "b.text -> o.value"],
    )
    failed = first_run(workspace, document, {"text": "x"}, broken=["x!"])

    answer = retry(workspace, failed)

    assert (answer["outputs"], flaky_nodes.COMPUTED) == ({"out": "x!!"}, ["x!"])
    assert cached_nodes(answer) == {"a"}


def test_a_completed_run_is_taken_over_whole_and_over_at_once(workspace) -> None:
    done = first_run(workspace, CHAIN, {"text": "x"})

    answer = retry(workspace, done)

    assert (answer["status"], answer["outputs"]) == ("COMPLETED", {"out": "x!!!"})
    assert cached_nodes(answer) == {"a", "b", "c"}
    assert flaky_nodes.COMPUTED == []
    assert not Task.objects.filter(execution_id=answer["executionId"]).exists()


def test_from_a_node_on_all_is_done_anew(workspace) -> None:
    done = first_run(workspace, CHAIN, {"text": "x"})

    answer = retry(workspace, done, from_node="b")

    assert flaky_nodes.COMPUTED == ["x!", "x!!"]
    assert cached_nodes(answer) == {"a"}


def test_other_inputs_redo_what_depends_on_them(workspace) -> None:
    document = graph(
        {
            "p": ("input.text", {"name": "p"}),
            "q": ("input.text", {"name": "q"}),
            "a": "flaky.costly",
            "b": "flaky.costly",
            "j": "text.join",
            "o": ("output", {"name": "out"}),
        },
        [
            "p.value -> a.text",
            "q.value -> b.text",
            "a.text -> j.texts",
            "b.text -> j.texts",
            "j.text -> o.value",
        ],
    )
    done = first_run(workspace, document, {"p": "1", "q": "2"})

    answer = retry(workspace, done, inputs={"p": "1", "q": "3"})

    assert flaky_nodes.COMPUTED == ["3"]
    assert cached_nodes(answer) == {"a"}


def test_of_a_mapped_node_only_the_element_that_failed_is_done(workspace) -> None:
    words = ["a", "b", "c", "d"]
    failed = first_run(workspace, FAN, {"words": words}, broken=["d"])

    answer = retry(workspace, failed)

    assert answer["outputs"] == {"out": "a!,b!,c!,d!"}
    assert flaky_nodes.COMPUTED == ["d"]
    states = list(Task.objects.filter(execution_id=answer["executionId"]).values_list("start"))
    assert sorted(states) == [(0,), (3,)]  # what joins them, and the last element


def test_a_retry_may_be_retried(workspace) -> None:
    failed = first_run(workspace, CHAIN, {"text": "x"}, broken=["x!"])
    flaky_nodes.BROKEN.add("x!!")
    second = retry(workspace, failed)
    flaky_nodes.BROKEN.clear()
    flaky_nodes.COMPUTED.clear()

    third = retry(workspace, second["executionId"])

    assert (second["status"], third["status"]) == ("FAILED", "COMPLETED")
    assert flaky_nodes.COMPUTED == ["x!!"]
    assert cached_nodes(third) == {"a", "b"}


def test_a_cancelled_run_may_be_retried(workspace) -> None:
    run = accept(workspace, publish(workspace, CHAIN), {"text": "x"}, cache="off")
    cancel_execution(workspace_id=workspace.id, execution_id=run.execution_id)

    assert retry(workspace, run.execution_id)["outputs"] == {"out": "x!!!"}


def test_a_node_that_is_never_cached_is_taken_over_all_the_same(workspace) -> None:
    document = graph(
        {
            "i": ("input.text", {"name": "text"}),
            "a": "flaky.fickle",
            "b": "flaky.costly",
            "o": ("output", {"name": "out"}),
        },
        ["i.value -> a.text", "a.text -> b.text", "b.text -> o.value"],
    )
    failed = first_run(workspace, document, {"text": "x"}, broken=["x!"], cache="use")

    answer = retry(workspace, failed)

    assert flaky_nodes.COMPUTED == ["x!"]
    assert cached_nodes(answer) == {"a"}


def test_a_node_that_is_never_cached_is_no_entry_nor_what_it_feeds_in_memory(workspace) -> None:
    document = graph(
        {
            "i": ("input.text", {"name": "text"}),
            "a": "flaky.fickle",
            "b": "flaky.cheap",
            "o": ("output", {"name": "out"}),
        },
        ["i.value -> a.text", "a.text -> b.text", "b.text -> o.value"],
    )

    first_run(workspace, document, {"text": "x"}, cache="use")

    assert not CacheEntry.objects.of(workspace.id).exists()


def test_a_costly_element_of_a_list_is_computed_once_in_a_workspace(workspace) -> None:
    workflow = publish(workspace, FAN)
    for words in (["a", "b", "c"], ["a", "new", "c"]):
        accept(workspace, workflow, {"words": words})
        perform_all()

    assert flaky_nodes.COMPUTED == ["a", "b", "c", "new"]


def test_a_costly_node_is_looked_up_again_when_it_begins(workspace) -> None:
    workflow = publish(workspace, CHAIN)
    runs = [accept(workspace, workflow, {"text": "x"}) for _ in range(2)]

    perform_all()

    # Whichever went first: cheap ones that were missed are computed in both.
    assert sorted(flaky_nodes.COMPUTED) == ["x", "x", "x!", "x!!"]
    cached = [cached_nodes(answer_of(workspace, run.execution_id)) for run in runs]
    assert sorted([*cached[0], *cached[1]]) == ["b", "c"]


def test_a_result_whose_file_was_deleted_is_made_anew_with_all_behind_it(
    workspace, tmp_path
) -> None:
    source = tmp_path / "photo.png"
    Image.effect_noise((64, 48), 80).convert("RGB").save(source)
    photo = take_upload(workspace_id=workspace.id, source=source)
    document = graph(
        {
            "i": ("input.image", {"name": "photo"}),
            "r": ("image.resize", {"width": 32, "height": 32}),
            "b": ("image.blur", {"radius": 1}),
            "o": ("output", {"name": "image"}),
        },
        ["i.value -> r.image", "r.image -> b.image", "b.image -> o.value"],
    )
    done = first_run(workspace, document, {"photo": {"fileId": photo.id}})
    nodes = {node["nodeId"]: node for node in answer_of(workspace, done)["nodes"]}
    delete_file(workspace_id=workspace.id, file_id=nodes["r"]["outputs"]["image"]["fileId"])

    answer = retry(workspace, done)

    assert (answer["status"], cached_nodes(answer)) == ("COMPLETED", set())


def test_an_old_input_whose_file_was_deleted_is_refused(workspace, tmp_path) -> None:
    source = tmp_path / "photo.png"
    Image.new("RGB", (8, 8)).save(source)
    photo = take_upload(workspace_id=workspace.id, source=source)
    document = graph(
        {
            "i": ("input.image", {"name": "photo"}),
            "b": ("image.blur", {"radius": 1}),
            "o": ("output", {"name": "image"}),
        },
        ["i.value -> b.image", "b.image -> o.value"],
    )
    done = first_run(workspace, document, {"photo": {"fileId": photo.id}})
    delete_file(workspace_id=workspace.id, file_id=photo.id)

    with pytest.raises(InvalidInputs) as refused:
        retry(workspace, done)

    assert [(item.path, item.code) for item in refused.value.issues] == [
        ("/inputs/photo", "not_found")
    ]


def test_a_run_that_is_not_over_cannot_be_retried(workspace) -> None:
    run = accept(workspace, publish(workspace, CHAIN), {"text": "x"})

    with pytest.raises(Conflict):
        retry(workspace, run.execution_id)


def test_a_run_of_the_other_mode_cannot_be_retried(workspace) -> None:
    done = first_run(workspace, CHAIN, {"text": "x"})

    with pytest.raises(Conflict):
        retry(workspace, done, mode="test")


def test_a_node_that_is_not_in_the_version_is_refused(workspace) -> None:
    done = first_run(workspace, CHAIN, {"text": "x"})

    with pytest.raises(InvalidGraph) as refused:
        retry(workspace, done, from_node="ghost")

    assert [(item.path, item.code) for item in refused.value.issues] == [
        ("nodes/ghost", "not_found")
    ]


def test_a_run_of_another_workspace_is_not_there(workspace, stranger_workspace) -> None:
    done = first_run(workspace, CHAIN, {"text": "x"})

    with pytest.raises(ExecutionNotFound):
        retry(stranger_workspace, done)
