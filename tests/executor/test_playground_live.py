"""A run that somebody started by hand is followed by their session: no ticket, and at once."""

import time

import pytest

from accounts.api import Role
from executor.selectors.following import in_reader
from executor.services.cancel import cancel_execution
from tests.executor.followers import close_code_of, cookie_of, frame_of, frames_until_closed
from tests.factories import make_member, run_all
from tests.http.playing import SHOUT, Browser, list_templates

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("live")]

SOON_S = 0.3


@pytest.fixture
def started(owner, workspace):
    """A run of a template that nobody has begun."""
    list_templates()
    answer = Browser(owner).start(workspace, template=SHOUT, inputs={"text": "hello"})
    return answer.json()["executionId"]


@pytest.fixture
def cookie(owner):
    return cookie_of(owner)


async def test_a_session_follows_its_run_from_start_to_result(opened, cookie, started):
    socket = await opened(started, cookie=cookie)
    snapshot = await frame_of(socket)

    await in_reader(run_all)
    frames, code = await frames_until_closed(socket)

    assert (snapshot["type"], snapshot["data"]["status"]) == ("snapshot", "QUEUED")
    assert frames[-1]["data"]["outputs"] == {"text": "HELLO"}
    assert code == 1000


async def test_g_33_what_happens_is_told_within_300_ms(opened, cookie, workspace, started):
    socket = await opened(started, cookie=cookie)
    await frame_of(socket)

    await in_reader(cancel_execution, workspace_id=workspace.id, execution_id=started)
    happened = time.monotonic()
    frames, _ = await frames_until_closed(socket)

    assert frames[-1]["data"]["status"] == "CANCELLED"
    assert time.monotonic() - happened < SOON_S


@pytest.fixture
def cookies(workspace, stranger):
    """Those of a viewer and of a stranger."""
    return cookie_of(make_member(workspace, role=Role.VIEWER)), cookie_of(stranger)


async def test_w3_every_member_may_look_and_no_stranger(opened, cookies, started):
    seen = await frame_of(await opened(started, cookie=cookies[0]))
    foreign = await close_code_of(await opened(started, cookie=cookies[1]))
    nobody = await close_code_of(await opened(started))

    assert seen["type"] == "snapshot"
    assert (foreign, nobody) == (4404, 4401)
