"""Runs of templates: counted when they end, rated, shared and taken back."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.api import KeyMode, Role, RoleTooLow, WorkspaceNotFound, WorkspaceRef, list_audit
from common.clock import FixedClock, utc_now
from common.errors import Conflict, Gone, NotFound
from executor.models import Execution
from executor.runtime.upkeep import Upkeep
from executor.services.cancel import cancel_execution
from templates_gallery.api import (
    TemplateCard,
    ensure_trial,
    find_share,
    get_card,
    get_shared_run,
    rate_output,
    record_run,
    share_run,
    unshare_run,
)
from templates_gallery.models import OutputRating, Template, TemplateRun
from templates_gallery.services.stats import KEPT, age_runs, count_runs
from tests.factories import (
    as_actor,
    make_execution,
    make_finished_execution,
    make_member,
    make_published_workflow,
    make_template,
    run_all,
)
from tests.graphs import graph
from workflows.api import get_workflow

pytestmark = pytest.mark.django_db

FAILS = graph(
    {
        "in": ("input.text", {"name": "text"}),
        "read": ("math.parse", {}),
        "out": ("output", {"name": "text"}),
    },
    ["in.value -> read.text", "read.number -> out.value"],
)


def go_on() -> bool:
    return False


def count(clock: FixedClock | None = None) -> int:
    return count_runs(clock or FixedClock(utc_now()), go_on)["template_runs"]


def run_template(
    workspace: WorkspaceRef, owner, card: TemplateCard, *, mode: KeyMode = "live", **inputs: str
) -> str:
    """Run a template's trial as its playground does; returns the run, of which nothing is done yet."""
    trial = ensure_trial(actor=as_actor(owner), workspace_id=workspace.id, slug=card.slug)
    workflow = get_workflow(workspace.id, trial.workflow_id)
    accepted = make_execution(workflow, inputs=inputs or None, mode=mode)
    record_run(
        template_id=trial.template_id,
        workspace_id=workspace.id,
        execution_id=accepted.execution_id,
        mode=mode,
        now=accepted.created_at,
    )
    return accepted.execution_id


def test_runs_are_counted_once_when_they_have_ended(workspace, owner):
    card = make_template()
    for _ in range(2):
        run_template(workspace, owner, card)

    before = count()
    run_all()
    after, again = count(), count()

    row = Template.objects.across_workspaces().get()
    assert (before, after, again) == (0, 2, 0)
    assert (row.runs, row.succeeded, row.runs_30d, row.median_credits) == (2, 2, 2, 0)
    assert row.median_ms is not None
    found = get_card(card.slug)
    assert found is not None
    assert found.success == 1.0


def test_failures_count_as_such_and_what_was_stopped_not_at_all(workspace, owner):
    card = make_template(graph=FAILS, examples=())
    run_template(workspace, owner, card, text="1")
    run_template(workspace, owner, card, text="no number")
    run_all()
    stopped = run_template(workspace, owner, card, text="2")
    cancel_execution(workspace_id=workspace.id, execution_id=stopped)

    assert count() == 3

    row = Template.objects.across_workspaces().get()
    assert (row.runs, row.succeeded) == (2, 1)
    assert TemplateRun.objects.of(workspace.id).get(execution_id=stopped).status == "CANCELLED"


def test_runs_in_test_mode_say_nothing_of_cost_time_or_success(workspace, owner):
    run_template(workspace, owner, make_template(), mode="test")
    run_all()

    count()

    row = Template.objects.across_workspaces().get()
    assert (row.runs, row.runs_30d, row.median_ms) == (0, 0, None)


def test_medians_are_of_the_last_completed_runs(workspace, owner):
    card = make_template()
    runs = [run_template(workspace, owner, card) for _ in range(3)]
    run_all()
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for run, (charged, took) in zip(runs, [(10, 1), (30, 3), (14, 9)], strict=True):
        Execution.objects.of(workspace.id).filter(pk=run).update(
            charged_credits=charged, started_at=start, finished_at=start + timedelta(seconds=took)
        )

    count()

    row = Template.objects.across_workspaces().get()
    assert (row.median_credits, row.median_ms) == (14, 3_000)


def test_a_run_that_is_gone_is_looked_for_no_more(workspace, owner):
    card = make_template()
    record_run(
        template_id=card.id,
        workspace_id=workspace.id,
        execution_id="exec_gone",
        mode="live",
        now=utc_now(),
    )

    assert (count(), count()) == (1, 0)
    assert Template.objects.across_workspaces().get().runs == 0


def test_a_month_later_runs_are_recent_no_longer_and_then_forgotten(workspace, owner):
    run_template(workspace, owner, make_template())
    run_all()
    clock = FixedClock(utc_now())
    count(clock)

    clock.advance(timedelta(days=31).total_seconds())
    age_runs(clock, go_on)
    month = Template.objects.across_workspaces().values_list("runs_30d", "runs").get()
    clock.advance(KEPT.total_seconds())
    forgotten = age_runs(clock, go_on)

    assert month == (0, 1)
    assert forgotten == {"template_runs_forgotten": 1}


def test_workers_do_these_jobs():
    done = Upkeep("test", clock=FixedClock(utc_now())).look()

    assert {"template_runs", "template_ages"} <= set(done)


def test_a_completed_run_is_shared_with_its_values(workspace, owner):
    card = make_template()
    run = run_template(workspace, owner, card, text="hello you")
    run_all()

    share = share_run(actor=as_actor(owner), workspace_id=workspace.id, execution_id=run)

    view = get_shared_run(share)
    assert [(each.name, each.value) for each in view.inputs] == [("text", "hello you")]
    assert [(each.name, each.value) for each in view.outputs] == [("text", "HELLO YOU")]
    assert (view.title, view.slug, view.is_simulated) == (card.title, card.slug, False)
    assert find_share(workspace.id, run) == share


def test_a_run_is_shared_once_and_can_be_taken_back(workspace, owner, finished_id):
    actor = as_actor(owner)

    first, second = (
        share_run(actor=actor, workspace_id=workspace.id, execution_id=finished_id, title="Mine")
        for _ in range(2)
    )
    for _ in range(2):
        unshare_run(actor=actor, workspace_id=workspace.id, share_id=first)

    assert first == second
    with pytest.raises(Gone):
        get_shared_run(first)
    assert find_share(workspace.id, finished_id) is None
    again = share_run(actor=actor, workspace_id=workspace.id, execution_id=finished_id)
    assert again != first
    verbs = [entry.verb for entry in list_audit(workspace.id, object_type="execution")]
    assert verbs == ["share", "unshare", "share"]


def test_a_run_that_is_not_completed_is_not_shared(workspace, owner, execution_id):
    with pytest.raises(Conflict):
        share_run(actor=as_actor(owner), workspace_id=workspace.id, execution_id=execution_id)


def test_t1_a_stranger_neither_shares_nor_takes_back_nor_rates(
    workspace, stranger_workspace, owner, stranger, finished_id
):
    share = share_run(actor=as_actor(owner), workspace_id=workspace.id, execution_id=finished_id)
    theirs = {"actor": as_actor(stranger), "workspace_id": stranger_workspace.id}

    with pytest.raises(NotFound):
        share_run(**theirs, execution_id=finished_id)
    with pytest.raises(NotFound):
        unshare_run(**theirs, share_id=share)
    with pytest.raises(NotFound):
        rate_output(**theirs, execution_id=finished_id, is_good=True)
    with pytest.raises(WorkspaceNotFound):
        unshare_run(actor=as_actor(stranger), workspace_id=workspace.id, share_id=share)
    assert get_shared_run(share).title
    assert find_share(stranger_workspace.id, finished_id) is None


def test_a_viewer_shares_nothing(workspace, finished_id):
    viewer = as_actor(make_member(workspace, role=Role.VIEWER))

    with pytest.raises(RoleTooLow):
        share_run(actor=viewer, workspace_id=workspace.id, execution_id=finished_id)


def test_no_share_is_not_found():
    with pytest.raises(NotFound):
        get_shared_run("shr_nobody")


def test_a_result_has_one_thumb_of_each_member(workspace, owner, finished_id):
    place = {
        "actor": as_actor(owner),
        "workspace_id": workspace.id,
        "execution_id": finished_id,
    }
    rows = OutputRating.objects.of(workspace.id)

    seen = []
    for is_good in (True, False, None, None):
        rate_output(**place, is_good=is_good)
        seen.append(list(rows.values_list("is_good", flat=True)))

    assert seen == [[True], [False], [], []]


def test_a_shared_run_of_ones_own_workflow_names_no_template(workspace, owner):
    run = make_finished_execution(make_published_workflow(workspace)).execution_id

    share = share_run(actor=as_actor(owner), workspace_id=workspace.id, execution_id=run)

    assert (get_shared_run(share).slug, get_shared_run(share).title) == ("", "Shout")
