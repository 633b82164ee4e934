"""The staff's view of runs, tasks and files: to look at, and never counted to the end."""

import pytest
from django.contrib.admin.utils import quote
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from billing.api import Capture, RunRequest, get_balance, reserve_run, settle_run
from common.admin import BoundedPaginator
from common.clock import utc_now
from executor.models import Execution, File, Task
from tests.factories import make_execution, make_file, make_published_workflow

PAGES = ("execution", "task", "file")


@pytest.fixture
def staff(db):
    client = Client()
    client.force_login(User.objects.create_superuser("staff@example.com", "secret-of-staff"))
    return client


@pytest.fixture
def rows(workspace):
    """One row on each page, by the page's name."""
    workflow = make_published_workflow(workspace)
    make_execution(workflow, inputs={"text": "a-private-prompt"}, metadata={"a": "private-note"})
    return {
        "execution": Execution.objects.across_workspaces().get(),
        "task": Task.objects.get(),
        "file": File.objects.across_workspaces().get(pk=make_file(workspace).id),
    }


@pytest.mark.parametrize("page", PAGES)
def test_rows_are_listed_and_shown(staff, rows, page):
    listed = staff.get(f"/admin/executor/{page}/")
    shown = staff.get(f"/admin/executor/{page}/{rows[page].pk}/change/")

    assert (listed.status_code, shown.status_code) == (200, 200)
    assert rows[page].pk in listed.content.decode()
    assert rows[page].pk in shown.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_D2_nothing_can_be_added_changed_or_deleted(staff, rows, page):
    base = f"/admin/executor/{page}"
    before = type(rows[page])._base_manager.values().get(pk=rows[page].pk)

    statuses = [
        staff.get(f"{base}/add/").status_code,
        staff.post(f"{base}/add/", {"id": "x"}).status_code,
        staff.post(f"{base}/{rows[page].pk}/change/", {"status": "FAILED"}).status_code,
        staff.post(f"{base}/{rows[page].pk}/delete/", {"post": "yes"}).status_code,
    ]
    bulk = {"action": "delete_selected", "_selected_action": rows[page].pk, "post": "yes"}
    staff.post(f"{base}/", bulk)

    assert statuses == [403] * 4
    assert type(rows[page])._base_manager.values().get(pk=rows[page].pk) == before


@pytest.mark.parametrize("page", PAGES)
def test_search_finds_by_the_whole_id_alone(staff, rows, page):
    pk = rows[page].pk

    found = staff.get(f"/admin/executor/{page}/", {"q": f" {pk.upper()} "})
    cut = staff.get(f"/admin/executor/{page}/", {"q": pk[:-1]})

    assert f"/{quote(pk)}/change/" in found.content.decode()
    assert f"/{quote(pk)}/change/" not in cut.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_a_list_counts_up_to_a_bound_and_asks_no_more_for_more_rows(staff, rows, page):
    with CaptureQueriesContext(connection) as captured:
        staff.get(f"/admin/executor/{page}/")

    counts = [q["sql"] for q in captured.captured_queries if "COUNT(" in q["sql"]]
    assert counts
    assert all(f"LIMIT {BoundedPaginator.bound}" in sql for sql in counts)
    assert len(captured) <= 6, captured.captured_queries


def test_what_customers_put_in_is_not_shown(staff, rows):
    shown = staff.get(f"/admin/executor/execution/{rows['execution'].pk}/change/")

    page = shown.content.decode()
    assert "a-private-prompt" not in page
    assert "private-note" not in page


def test_s17_staff_give_back_what_a_run_was_charged_once(staff, workspace):
    run = make_execution(make_published_workflow(workspace)).execution_id
    reserve_run(RunRequest(workspace.id, run, "live", 7, "system"), now=utc_now())
    captures = [Capture(f"{run}:0:0:0", 7)]
    settle_run(workspace_id=workspace.id, execution_id=run, captures=captures, now=utc_now())
    Execution.objects.of(workspace.id).filter(pk=run).update(charged_credits=7)
    before = get_balance(workspace.id).available
    form = {"action": "refund", "_selected_action": [run]}

    first = staff.post("/admin/executor/execution/", form, follow=True)
    second = staff.post("/admin/executor/execution/", form, follow=True)

    assert [str(message) for message in first.context["messages"]] == [f"{run}: 7 given back."]
    assert "was given back before" in second.content.decode()
    assert get_balance(workspace.id).available == before + 7
