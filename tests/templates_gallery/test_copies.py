"""Forks and trials: whose they are, once each, where they came from, what is newer since."""

import threading
from dataclasses import replace

import pytest
from django.db import connections

from accounts.api import Role, RoleTooLow, WorkspaceNotFound
from common.errors import Gone, NotFound
from templates_gallery.api import ensure_trial, fork_template, origin_of_workflow
from templates_gallery.models import Template, TemplateCopy
from templates_gallery.selectors.copies import diff_graphs
from templates_gallery.services.loading import load_library
from templates_gallery.services.moderation import take_down_template
from tests.factories import (
    as_actor,
    library_template,
    make_edge,
    make_finished_execution,
    make_graph,
    make_member,
    make_own_template,
    make_template,
)
from tests.templates_gallery.staff import STAFF
from workflows.api import delete_workflow, get_workflow, list_workflows

pytestmark = pytest.mark.django_db


def test_a_fork_is_a_workflow_of_ones_own_that_runs(workspace, owner):
    template = make_template()

    fork = fork_template(actor=as_actor(owner), workspace_id=workspace.id, slug=template.slug)

    origin = origin_of_workflow(workspace.id, fork.id)
    assert (fork.name, fork.workspace_id, fork.problems) == (template.title, workspace.id, [])
    assert origin is not None
    assert (origin.slug, origin.version, origin.newest) == (template.slug, 1, 1)
    assert (origin.is_trial, origin.is_listed, origin.update) == (False, True, None)
    assert Template.objects.across_workspaces().get().forks == 1


def test_each_fork_is_another(workspace, owner):
    template = make_template()

    forks = {
        fork_template(actor=as_actor(owner), workspace_id=workspace.id, slug=template.slug).id
        for _ in range(2)
    }

    assert len(forks) == 2
    assert Template.objects.across_workspaces().get().forks == 2


def test_t1_a_fork_of_anothers_template_shows_nothing_of_their_workflow(
    workspace, stranger_workspace, stranger
):
    own = make_own_template(workspace)

    fork = fork_template(
        actor=as_actor(stranger), workspace_id=stranger_workspace.id, slug=own.slug
    )

    assert fork.workspace_id == stranger_workspace.id
    assert fork.id != own.workflow_id
    assert origin_of_workflow(workspace.id, fork.id) is None


@pytest.mark.parametrize("copy", [fork_template, ensure_trial])
def test_t1_what_is_not_listed_cannot_be_copied(copy, workspace, stranger_workspace, stranger):
    own = make_own_template(workspace, is_listed=False)

    with pytest.raises(NotFound):
        copy(actor=as_actor(stranger), workspace_id=stranger_workspace.id, slug=own.slug)


def test_what_was_removed_is_gone(workspace, owner):
    template = make_template()
    take_down_template(actor=STAFF, template_id=template.id, note="Broken")

    with pytest.raises(Gone):
        fork_template(actor=as_actor(owner), workspace_id=workspace.id, slug=template.slug)


def test_a_viewer_may_neither_fork_nor_try_and_a_runner_may_try(workspace):
    slug = make_template().slug
    viewer = as_actor(make_member(workspace, role=Role.VIEWER))
    runner = as_actor(make_member(workspace, role=Role.RUNNER))

    assert ensure_trial(actor=runner, workspace_id=workspace.id, slug=slug).version == 1
    for actor, copy in ((viewer, ensure_trial), (viewer, fork_template), (runner, fork_template)):
        with pytest.raises(RoleTooLow):
            copy(actor=actor, workspace_id=workspace.id, slug=slug)


def test_t1_nobody_copies_into_a_workspace_that_is_not_theirs(workspace, stranger):
    slug = make_template().slug

    for copy in (fork_template, ensure_trial):
        with pytest.raises(WorkspaceNotFound):
            copy(actor=as_actor(stranger), workspace_id=workspace.id, slug=slug)


def test_a_trial_is_made_once_runs_and_is_in_no_list(workspace, owner):
    template = make_template()

    trials = [
        ensure_trial(actor=as_actor(owner), workspace_id=workspace.id, slug=template.slug)
        for _ in range(2)
    ]

    assert trials[0] == trials[1]
    trial = trials[0]
    assert (trial.template_id, trial.version) == (template.id, 1)
    workflow = get_workflow(workspace.id, trial.workflow_id)
    assert make_finished_execution(workflow).version == 1
    assert list_workflows(workspace.id, limit=10) == []
    assert Template.objects.across_workspaces().get().forks == 0


def test_a_trial_whose_workflow_was_deleted_is_made_anew(workspace, owner):
    slug = make_template().slug
    first = ensure_trial(actor=as_actor(owner), workspace_id=workspace.id, slug=slug)
    delete_workflow(actor=as_actor(owner), workspace_id=workspace.id, workflow_id=first.workflow_id)

    second = ensure_trial(actor=as_actor(owner), workspace_id=workspace.id, slug=slug)

    assert second.workflow_id != first.workflow_id


def test_a_new_version_gets_a_trial_of_its_own(workspace, owner):
    template = library_template(slug="one")
    load_library([template])
    first = ensure_trial(actor=as_actor(owner), workspace_id=workspace.id, slug="one")
    load_library([replace(template, graph=make_graph(case="lower"))])

    second = ensure_trial(actor=as_actor(owner), workspace_id=workspace.id, slug="one")

    assert second.workflow_id != first.workflow_id


@pytest.mark.django_db(transaction=True)
def test_of_many_first_tries_at_once_one_makes_the_trial(workspace, owner):
    slug = make_template().slug
    gate, found = threading.Barrier(4), []

    def attempt() -> None:
        gate.wait()
        try:
            trial = ensure_trial(actor=as_actor(owner), workspace_id=workspace.id, slug=slug)
            found.append(trial.workflow_id)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(found) == 4
    assert len(set(found)) == 1
    assert TemplateCopy.objects.of(workspace.id).count() == 1


def test_an_update_says_what_changed(workspace, owner):
    template = library_template(slug="one")
    load_library([template])
    fork = fork_template(actor=as_actor(owner), workspace_id=workspace.id, slug="one")
    newer = make_graph(case="lower")
    newer["nodes"].append(
        {"id": "more", "type": "output", "params": {"name": "more"}, "label": "More"}
    )
    newer["edges"].append(make_edge("in.value", "more.value"))

    load_library([replace(template, graph=newer)])

    origin = origin_of_workflow(workspace.id, fork.id)
    assert origin is not None
    assert (origin.version, origin.newest) == (1, 2)
    assert origin.update is not None
    assert (origin.update.added, origin.update.removed) == (("More",), ())
    assert (origin.update.changed, origin.update.has_new_wires) == (("case",), True)


def test_a_node_that_was_moved_is_no_change():
    older, newer = make_graph(), make_graph()
    newer["nodes"][0]["position"] = {"x": 5, "y": 5}

    assert diff_graphs(older, newer).is_empty
    assert diff_graphs(older, {"nodes": older["nodes"][:2], "edges": []}).removed == ("out",)


def test_a_workflow_of_ones_own_has_no_origin(workspace, workflow):
    assert origin_of_workflow(workspace.id, workflow.id) is None
