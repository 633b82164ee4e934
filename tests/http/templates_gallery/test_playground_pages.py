"""`/templates/<slug>/run`, `/run/<workflowId>` and `/shared/<id>`: with scripts and without."""

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.api import Role
from accounts.models import User
from billing.api import get_balance
from executor.models import Execution
from executor.services.files import delete_file
from templates_gallery.models import TemplateRun
from tests.executor.media_files import make_image
from tests.factories import (
    AMPLE_LIMITS,
    ample,
    make_file,
    make_member,
    make_workflow,
    make_workspace,
    run_all,
)
from tests.http.playing import ASSET, SHOUT, SHRINK, Browser, list_templates

PAGE = f"/templates/{SHOUT}/run"
PICTURES = f"/templates/{SHRINK}/run"


@pytest.fixture(autouse=True)
def _listed(db):
    list_templates()


def signed_in(user) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.id))
    return client


@pytest.fixture
def browser(owner) -> Client:
    return signed_in(owner)


def boot_of(answer) -> Any:
    """What the page's script begins with."""
    found = re.search(
        r'<script id="boot" type="application/json">(.*?)</script>', answer.content.decode()
    )
    assert found
    return json.loads(found[1])


def packed(values) -> str:
    """Inputs as the page's script writes them into an address."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def run_form(browser, page, **fields):
    """Send the plain form; returns the address that it leads to."""
    answer = browser.post(page, {"once": "a1", **fields})
    assert answer.status_code == 302, answer.content[:2000]
    return answer.headers["Location"].partition("#")[0]


# --- the page


def test_visitors_see_a_templates_playground_with_its_example():
    answer = Client().get(PAGE)

    boot, page = boot_of(answer), answer.content.decode()
    assert answer.status_code == 200
    assert boot["subject"]["slug"] == SHOUT
    assert (boot["user"], boot["workspace"], boot["balance"]) == (None, None, None)
    assert boot["examples"][0]["outputs"] == {"text": "HELLO"}
    assert 'value="hello"' in page
    assert "HELLO" in page
    assert page.count("<h1") == 1


def test_a_member_sees_where_the_run_goes_and_what_is_left(browser, workspace):
    boot = boot_of(browser.get(PAGE))

    assert boot["workspace"] == {"id": workspace.id, "name": workspace.name, "canRun": True}
    assert boot["balance"] == get_balance(workspace.id).available
    assert boot["csrf"]["header"] == "X-CSRFToken"


def test_t4_the_workspace_is_named_in_the_address(owner, browser, stranger_workspace):
    other = make_workspace(owner=owner, name="Other")

    named = boot_of(browser.get(PAGE, {"workspace": other.id}))

    assert named["workspace"]["id"] == other.id
    assert browser.get(PAGE, {"workspace": stranger_workspace.id}).status_code == 404


def test_there_is_no_page_of_a_template_that_nobody_listed():
    assert Client().get("/templates/nobody-made-this/run").status_code == 404


def test_a_workflows_playground_is_its_members_alone(browser, stranger, workspace, workflow):
    page = f"/run/{workflow.id}"

    mine = browser.get(page)
    theirs = signed_in(stranger).get(page)
    nobodys = signed_in(stranger).get(f"/run/wf_{'0' * 26}")
    visitor = Client().get(page)

    assert boot_of(mine)["subject"]["workflowId"] == workflow.id
    assert boot_of(mine)["workspace"]["id"] == workspace.id
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert urlsplit(visitor.headers["Location"]).path == "/accounts/login/"


def test_a_workflow_without_a_version_says_what_to_do(browser, workspace):
    draft = make_workflow(workspace)

    page = browser.get(f"/run/{draft.id}").content.decode()

    assert "Nothing is published yet" in page
    assert f"/workflows/{draft.id}?workspace={workspace.id}" in page


def test_a_viewer_sees_the_page_and_cannot_run(workspace, workflow):
    viewer = signed_in(make_member(workspace, role=Role.VIEWER))

    page = viewer.get(f"/run/{workflow.id}")
    sent = viewer.post(f"/run/{workflow.id}", {"in-text": "a"})

    assert "Viewers can&#x27;t run workflows" in page.content.decode().replace("'", "&#x27;")
    assert sent.status_code == 403
    assert not Execution.objects.of(workspace.id).exists()


# --- inputs in the address


@pytest.mark.parametrize("link", [packed({"text": "tweaked"}), '{"text": "tweaked"}'])
def test_inputs_come_by_the_address(link):
    answer = Client().get(PAGE, {"in": link})

    assert boot_of(answer)["prefill"] == {"inputs": {"text": "tweaked"}, "source": "link"}
    assert 'value="tweaked"' in answer.content.decode()


@pytest.mark.parametrize(
    "link",
    [
        "",
        "!!!",
        packed([1]),
        packed({"text": 7}),
        packed({"other": "x"}),
        packed({"text": "a" * 5_000}),
        '{"text": "a", "text": "b"}',
        packed({"text": {"fileId": "file_x"}}),
        "e",
        "%ff",
    ],
)
def test_what_does_not_fit_is_left_out_of_the_form(link):
    answer = Client().get(PAGE, {"in": link})

    assert answer.status_code == 200
    assert boot_of(answer)["prefill"] is None


def test_a_script_in_an_input_is_text():
    answer = Client().get(PAGE, {"in": packed({"text": "</script><img src=x onerror=alert(1)>"})})

    page = answer.content.decode()
    assert "<img src=x" not in page
    assert boot_of(answer)["prefill"]["inputs"]["text"].startswith("</script>")


def test_files_in_an_address_are_ones_own_or_the_examples(browser, workspace, stranger_workspace):
    mine, theirs = (make_file(place, make_image()) for place in (workspace, stranger_workspace))

    found = [
        boot_of(browser.get(PICTURES, {"in": packed({"photo": photo})}))["prefill"]
        for photo in (
            {"fileId": mine.id},
            {"fileId": theirs.id},
            {"asset": ASSET},
            {"asset": "_assets/bottle.jpg"},
            {"url": "https://example.com/a.png"},
            {"url": "javascript:alert(1)"},
            "data:image/png;base64,AAAA",
        )
    ]

    assert found[0]["inputs"]["photo"]["fileId"] == mine.id
    assert found[2]["inputs"]["photo"]["asset"] == ASSET
    assert found[4]["inputs"] == {"photo": {"url": "https://example.com/a.png"}}
    assert [found[place] for place in (1, 3, 5, 6)] == [None] * 4


# --- without scripts


def test_g_32_without_scripts_a_form_runs_and_its_page_refreshes_until_the_result(
    browser, workspace
):
    where = run_form(browser, PAGE, **{"in-text": "hello there"})
    waiting = browser.get(where).content.decode()
    run_all()
    done = browser.get(where).content.decode()

    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert "HELLO THERE" not in waiting
    assert "HELLO THERE" in done
    assert 'http-equiv="refresh"' not in done
    assert "0 credits charged" in done
    assert 'value="hello there"' in done
    assert TemplateRun.objects.of(workspace.id).count() == 1


def test_without_scripts_an_uploaded_file_is_run(browser, workspace):
    photo = SimpleUploadedFile("a.png", make_image(), content_type="image/png")

    where = run_form(browser, PICTURES, **{"in-photo": photo})
    run_all()

    page = browser.get(where)
    output = boot_of(page)["run"]["outputs"]["picture"]
    assert output["width"] == 64
    assert f'src="{output["url"]}"' in page.content.decode()


def test_without_scripts_the_examples_file_stays_until_another_is_chosen(browser, workspace):
    page = browser.get(PICTURES).content.decode()
    kept = re.search(r'name="kept-photo" value="([^"]*)"', page)
    assert kept

    run_form(browser, PICTURES, **{"kept-photo": kept[1].replace("&quot;", '"')})

    assert Execution.objects.of(workspace.id).get().inputs["photo"]["m"]["kind"] == "image"


def test_a_form_that_is_sent_twice_runs_once(browser, workspace):
    first, second = (run_form(browser, PAGE, **{"in-text": "a"}) for _ in range(2))

    assert first == second
    assert Execution.objects.of(workspace.id).count() == 1


def test_what_is_wrong_stands_beside_its_field(browser, workspace):
    answer = browser.post(PICTURES, {"in-photo": SimpleUploadedFile("a.png", b"\x89PNG nothing")})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in page
    assert not Execution.objects.of(workspace.id).exists()


def test_a_form_comes_back_with_what_was_typed(owner, browser):
    busy = ample(make_workspace(owner=owner), {**AMPLE_LIMITS, "executionsPerMinute": 1})
    run_form(browser, PAGE, workspace=busy.id, **{"in-text": "first"})

    answer = browser.post(
        PAGE, {"workspace": busy.id, "in-text": "kept <b>words</b>", "once": "b2"}
    )

    page = answer.content.decode()
    assert answer.status_code == 429
    assert "Too many runs just now" in page
    assert "kept &lt;b&gt;words&lt;/b&gt;" in page
    assert int(answer.headers["Retry-After"]) > 0


def test_a_run_is_stopped_by_a_button(browser, workspace):
    where = run_form(browser, PAGE, **{"in-text": "a"})
    run = parse_qs(urlsplit(where).query)["run"][0]

    browser.post(PAGE, {"workspace": workspace.id, "cancel": run})

    assert "Cancelled" in browser.get(where).content.decode()


def test_a_visitor_who_runs_signs_up_and_comes_back_with_the_inputs():
    answer = Client().post(PAGE, {"in-text": "mine"})

    to = urlsplit(answer.headers["Location"])
    back = parse_qs(to.query)["next"][0]
    assert to.path == "/accounts/signup/"
    assert boot_of(Client().get(back))["prefill"]["inputs"] == {"text": "mine"}


def test_a8_a_form_without_its_token_runs_nothing(owner, workspace):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(pk=owner.id))

    answer = browser.post(PAGE, {"in-text": "a"})

    assert answer.status_code == 403
    assert not Execution.objects.of(workspace.id).exists()


def test_a_form_over_the_limit_is_refused_before_it_is_read(browser, workspace):
    answer = browser.generic(
        "POST", PAGE, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=10**10
    )

    assert answer.status_code == 413


def test_test_mode_is_a_switch_of_the_form(browser, workspace):
    run_form(browser, PAGE, mode="test", **{"in-text": "a"})

    assert Execution.objects.of(workspace.id).get().mode == "test"


def test_t1_anothers_run_is_not_shown(stranger, stranger_workspace, browser, workspace):
    theirs = Browser(stranger).start(stranger_workspace, template=SHOUT, inputs={"text": "secret"})
    run = theirs.json()["executionId"]

    answer = browser.get(PAGE, {"run": run, "workspace": workspace.id})

    assert boot_of(answer)["run"] is None
    assert "secret" not in answer.content.decode()


def test_a_run_of_something_else_is_not_shown_here(browser, workspace, finished_id):
    answer = browser.get(PAGE, {"run": finished_id, "workspace": workspace.id})

    assert boot_of(answer)["run"] is None


# --- shared runs


@pytest.fixture
def shared(owner, workspace):
    """The path of a shared run of a template, and its run's id."""
    browser = Browser(owner)
    run = browser.start(workspace, template=SHRINK, inputs={"photo": {"asset": ASSET}}).json()
    run_all()
    answer = browser.post(f"/runs/{run['executionId']}/share", {"workspace": workspace.id})
    return urlsplit(answer.json()["url"]).path, run["executionId"]


def test_whoever_has_the_link_sees_inputs_and_result(shared, workspace):
    answer = Client().get(shared[0])

    page = answer.content.decode()
    pictures = re.findall(r'<img class="h-auto max-w-full rounded-lg" src="([^"]+)"', page)
    assert answer.status_code == 200
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert len(pictures) == 2
    assert f"/templates/{SHRINK}/run" in page
    assert workspace.id not in page
    assert shared[1] not in page


def test_v2_pictures_of_a_shared_run_come_without_rights_on_the_site(shared):
    page = Client().get(shared[0]).content.decode()

    for url in re.findall(r'<img class="h-auto max-w-full rounded-lg" src="([^"]+)"', page):
        answer = Client().get(urlsplit(url).path)
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.getvalue()


def test_what_is_shared_no_more_is_gone(shared, owner, workspace):
    Browser(owner).delete(f"/runs/{shared[1]}/share?workspace={workspace.id}")

    assert Client().get(shared[0]).status_code == 410


@pytest.mark.parametrize("name", ["nobody", "shr_" + "0" * 26, "%00", "a" * 500])
def test_a_link_that_nobody_made_leads_nowhere(name):
    assert Client().get(f"/shared/{name}").status_code == 404


def test_v4_a_file_that_was_deleted_is_gone_from_a_shared_run(shared, workspace):
    page = Client().get(shared[0]).content.decode()
    url = urlsplit(
        re.findall(r'<img class="h-auto max-w-full rounded-lg" src="([^"]+)"', page)[1]
    ).path
    delete_file(workspace_id=workspace.id, file_id=url.split("/")[2])

    assert Client().get(url).status_code == 410
