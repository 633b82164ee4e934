"""Nothing of one workspace is seen, changed or told apart by another (TRUST.md 3.12 and table T).

Every route of the site stands in a table here, with the ids that its path takes. A route that is in
none of them fails: whoever adds one says whose things it names.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.test import Client

from accounts.api import WorkspaceRef
from common.tenancy import TenantModel
from tests.client import BASE, ApiClient
from tests.executor.runs import publish
from tests.factories import make_key
from tests.graphs import graph
from tests.http.accounts.personal_routes import OF_THE_PERSON
from tests.http.furnished import Things, furnish
from tests.http.problem import assert_problem, items_of
from tests.http.routes import (
    LINKED,
    OF_THE_KEY,
    OPEN,
    OWNED,
    PAGES,
    PAGES_OF_FLOW,
    STUDIO,
)
from tests.rules.test_house import APPS
from tests.rules.test_operations import METHODS, list_patterns

MARK = "CANARY-4F1D"  # stands in whatever the stranger has; in capitals, as its workflow gives it
NOBODY = "0" * 26  # the body of an id that is nobody's

PATTERNS = dict(list_patterns())


def methods_of(pattern: str) -> list[str]:
    view = getattr(PATTERNS[pattern], "cls", None)
    return [method.upper() for method in METHODS if hasattr(view, method)]


def list_calls() -> Iterator[tuple[str, str, str]]:
    """Yield `(method, pattern, position)` of each id in each path of each operation."""
    for pattern, route in OWNED.items():
        for method in methods_of(pattern):
            yield from ((method, pattern, position) for position in route.things)


CALLS = list(list_calls())
OPERATIONS = sorted({call[:2] for call in CALLS})


@pytest.mark.parametrize("pattern", sorted(set(PATTERNS)))
def test_T1_every_route_says_whose_things_it_names(pattern):
    tables = [OWNED, OF_THE_KEY, OPEN, LINKED, PAGES, OF_THE_PERSON, PAGES_OF_FLOW, STUDIO]

    assert pattern.startswith("admin/") or sum(pattern in table for table in tables) == 1, (
        f"{pattern} is in no table of tests/http/test_tenancy.py"
    )


def test_T1_the_tables_name_routes_that_exist():
    named = {
        *OWNED,
        *OF_THE_KEY,
        *OPEN,
        *LINKED,
        *PAGES,
        *OF_THE_PERSON,
        *PAGES_OF_FLOW,
        *STUDIO,
    }

    assert named - set(PATTERNS) == set()
    for pattern, route in OWNED.items():
        assert set(re.findall(r"<\w+:(\w+)>", pattern)) == set(route.things)


@pytest.fixture
def mine(workspace) -> Things:
    return furnish(workspace, "my own")


@pytest.fixture
def theirs(stranger_workspace) -> Things:
    found = furnish(stranger_workspace, MARK)
    # One version more than the first workspace has of anything.
    api = ApiClient(make_key(stranger_workspace).secret)
    number = api.post(f"/workflows/{found.workflow}/publish").json()["number"]
    return Things(**{**asdict(found), "version": number})


def path_of(pattern: str, things: Things, **other: object) -> str:
    """Return the path of a pattern with the ids of `things`, or other ones by their position."""
    ids = {
        position: other.get(position, getattr(things, thing))
        for position, thing in OWNED[pattern].things.items()
    }
    path = re.sub(r"<\w+:(\w+)>", lambda match: str(ids[match.group(1)]), pattern)
    return path.removeprefix(BASE.removeprefix("/"))


def body_of(pattern: str, method: str) -> Any:
    return OWNED[pattern].bodies.get(method)


def nobodys(thing: object) -> object:
    """Return an id of the same form that nobody has."""
    return 999_999 if isinstance(thing, int) else f"{str(thing).partition('_')[0]}_{NOBODY}"


def plain(response: Any, *ids: object) -> Any:
    """Return an answer without what differs between any two: the ids that were sent."""
    text = response.content.decode()
    for known in ids:
        text = text.replace(known, "ID") if isinstance(known, str) else text
    shown = {**json.loads(text), "requestId": ""}
    shown["instance"] = re.sub(r"/versions/\d+", "/versions/ID", shown["instance"])
    headers = {
        name: value
        for name, value in response.headers.items()
        if not re.match(r"x-request-id|x-ratelimit|ratelimit|content-length", name, re.IGNORECASE)
    }
    return response.status_code, shown, headers


def same(response: Any, known: object) -> Any:
    """Return the body of an answer without the id that was sent and that of the request."""
    shown = json.loads(response.content.decode().replace(str(known), "ID"))
    return {name: value for name, value in shown.items() if name != "requestId"}


def rows_of(workspace: WorkspaceRef) -> dict[str, list[Any]]:
    """Return every row of a workspace, by table."""
    models = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    return {
        model.__name__: list(model.objects.of(workspace.id).order_by("pk").values())
        for model in models
        if issubclass(model, TenantModel)
    }


@pytest.mark.parametrize(("method", "pattern", "position"), CALLS, ids=map(" ".join, CALLS))
def test_T1_a_strangers_id_reads_like_one_that_nobody_has(
    api, mine, theirs, stranger_workspace, method, pattern, position
):
    thing = getattr(theirs, OWNED[pattern].things[position])
    # Of two ids in a path, both are theirs for the first, and the first is ours for the second.
    whole = theirs if position == next(iter(OWNED[pattern].things)) else mine
    before = rows_of(stranger_workspace)

    foreign = api.send(
        method, path_of(pattern, whole, **{position: thing}), body_of(pattern, method)
    )
    unknown = api.send(
        method, path_of(pattern, whole, **{position: nobodys(thing)}), body_of(pattern, method)
    )

    assert foreign.status_code == 404
    assert plain(foreign, thing) == plain(unknown, nobodys(thing))
    assert MARK.encode() not in foreign.content
    assert rows_of(stranger_workspace) == before


@pytest.mark.parametrize(("method", "pattern"), OPERATIONS, ids=map(" ".join, OPERATIONS))
def test_T1_the_owner_is_answered_by_the_same_call(api, mine, method, pattern):
    response = api.send(method, path_of(pattern, mine), body_of(pattern, method))

    assert response.status_code < 400, response.content


@pytest.mark.parametrize(("method", "pattern"), OPERATIONS, ids=map(" ".join, OPERATIONS))
def test_T1_a_strangers_id_needs_a_key_like_any_other(api, mine, theirs, method, pattern):
    nobody = api.with_key(None)

    response = nobody.send(method, path_of(pattern, theirs), body_of(pattern, method))

    assert response.status_code == 401


def list_looks(mine: Things, theirs: Things) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every path and query by which the first workspace looks at something."""
    for pattern in OWNED:
        if "GET" in methods_of(pattern):
            yield path_of(pattern, mine), {}
            yield path_of(pattern, theirs), {}
    for pattern in OF_THE_KEY:
        if "GET" in methods_of(pattern):
            path = f"/{pattern}".removeprefix(BASE)
            yield from ((path, query) for query in ({}, {"limit": "1"}, {"limit": "100"}))
    yield "/workflows", {"q": MARK}
    yield "/workflows/executions", {"workflowId": theirs.workflow}
    yield "/reviews", {"executionId": theirs.execution}


def test_T9_nothing_that_is_shown_holds_a_strangers_mark(api, mine, theirs):
    for path, query in list_looks(mine, theirs):
        response = api.get(path, query)

        shown = json.dumps([response.content.decode(), dict(response.headers)])
        assert MARK not in shown, path
        for known in asdict(theirs).values():
            assert str(known) not in shown or str(known) in path or isinstance(known, int), path


def test_T9_the_mark_is_seen_by_its_owner(theirs, stranger_key):
    api = ApiClient(stranger_key)

    for path in (
        f"/workflows/{theirs.workflow}",
        f"/workflows/executions/{theirs.execution}",
        f"/workflows/executions/{theirs.execution}/poll",
        f"/workflows/executions/{theirs.execution}/events",
        f"/reviews/{theirs.review}",
        "/workflows",
        "/reviews",
    ):
        assert MARK.encode() in api.get(path).content, path


def test_T9_no_log_line_of_a_refusal_holds_the_mark(api, mine, theirs, caplog):
    for method, pattern, _ in CALLS:
        api.send(method, path_of(pattern, theirs), body_of(pattern, method))

    assert MARK not in caplog.text


@pytest.mark.parametrize(
    ("path", "name", "thing"),
    [
        ("/workflows/executions", "workflowId", "workflow"),
        ("/reviews", "executionId", "execution"),
    ],
)
def test_T1_a_filter_by_a_strangers_id_finds_what_an_unknown_one_finds(
    api, mine, theirs, path, name, thing
):
    foreign = api.get(path, {name: getattr(theirs, thing)})
    unknown = api.get(path, {name: nobodys(getattr(theirs, thing))})

    assert foreign.status_code == unknown.status_code == 200
    assert foreign.json() == unknown.json() == {"items": [], "nextCursor": None}


@pytest.mark.parametrize("path", ["/workflows", "/workflows/executions", "versions"])
def test_L2_a_cursor_of_a_stranger_opens_no_list(api, mine, theirs, stranger_key, path):
    other = ApiClient(stranger_key)
    own, foreign = (
        f"/workflows/{things.workflow}/versions" if path == "versions" else path
        for things in (mine, theirs)
    )
    cursor = other.get(foreign, {"limit": "1"}).json()["nextCursor"]

    response = api.get(own, {"limit": "1", "cursor": cursor})

    assert cursor
    assert_problem(response, 400, "malformed_request")
    assert other.get(foreign, {"limit": "1", "cursor": cursor}).status_code == 200


IMAGE = graph(
    {
        "in": ("input.image", {"name": "photo"}),
        "blur": ("image.blur", {"radius": 2}),
        "out": ("output", {"name": "image"}),
    },
    ["in.value -> blur.image", "blur.image -> out.value"],
)


def with_default(file_id: object) -> Any:
    """A graph whose image input takes this file when it is given none."""
    document = json.loads(json.dumps(IMAGE))
    document["nodes"][0]["params"] |= {"required": False, "default": {"fileId": file_id}}
    return document


def running(workflow_id: object) -> Any:
    """A graph that runs a workflow as one node."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "call": ("workflow.run", {"workflow": workflow_id}),
            "out": ("output", {"name": "text"}),
        },
        ["call.text -> out.value"],
    )


@pytest.mark.parametrize("verb", ["execute", "estimate"])
def test_G12_a_strangers_file_as_an_input_reads_like_an_unknown_one(api, workspace, theirs, verb):
    flow = publish(workspace, IMAGE)
    ids = theirs.file, nobodys(theirs.file)

    foreign, unknown = (
        api.post(f"/workflows/{flow}/{verb}", {"inputs": {"photo": {"fileId": file_id}}})
        for file_id in ids
    )

    # An estimate looks at no file; where one must be there, it is not.
    if verb == "execute":
        problem = assert_problem(foreign, 422, "invalid_inputs")
        assert items_of(problem) == [("/inputs/photo", "not_found")]
    assert foreign.status_code == unknown.status_code
    assert same(foreign, ids[0]) == same(unknown, ids[1])


@pytest.mark.parametrize("make", [with_default, running])
def test_G12_a_strangers_id_in_a_graph_reads_like_an_unknown_one(api, theirs, make):
    thing = theirs.file if make is with_default else theirs.workflow
    ids = thing, nobodys(thing)

    foreign, unknown = (
        api.post("/workflows", {"name": "Mine", "graph": make(known)}) for known in ids
    )

    assert foreign.status_code == unknown.status_code == 201
    for name in ("problems", "inputs", "outputs"):
        assert same(foreign, ids[0])[name] == same(unknown, ids[1])[name]
    assert MARK not in foreign.content.decode()


@pytest.mark.parametrize("verb", ["execute", "estimate"])
def test_G12_a_strangers_version_is_not_run(api, mine, theirs, verb):
    response = api.post(
        f"/workflows/{mine.workflow}/{verb}", {"inputs": {"text": "x"}, "version": theirs.version}
    )

    assert_problem(response, 404, "not_found")


def test_T4_the_workspace_is_that_of_the_key_whatever_is_said_beside_it(
    api, mine, theirs, stranger_workspace
):
    for query in ({"workspaceId": stranger_workspace.id}, {"workspace": stranger_workspace.id}):
        ids = [item["id"] for item in api.get("/workflows", query).json()["items"]]
        assert mine.workflow in ids
        assert theirs.workflow not in ids
    shown = api.get("/me", X_Workspace_Id=stranger_workspace.id).json()
    assert shown["workspace"]["id"] != stranger_workspace.id


@pytest.mark.parametrize("name", ["workspace", "workspaceId", "workspace_id"])
def test_T4_B11_a_body_names_no_workspace(api, stranger_workspace, name):
    response = api.post("/workflows", {"name": "x", "graph": {}, name: stranger_workspace.id})

    assert items_of(assert_problem(response, 422, "invalid_inputs")) == [
        (f"/{name}", "unknown_field")
    ]


# --- what is opened by a link


@pytest.fixture
def links(theirs, stranger_key) -> dict[str, str]:
    """The signed paths of a question and a file of the stranger."""
    other = ApiClient(stranger_key)
    review = other.post(f"/reviews/{theirs.review}/link", {}).json()["url"]
    file = other.get(f"/files/{theirs.file}").json()["url"]
    return {
        name: url[url.index(f"/{name}/") :] for name, url in (("review", review), ("media", file))
    }


@pytest.mark.parametrize("name", ["review", "media"])
def test_T1_a_link_is_good_for_what_it_was_made_for_alone(mine, theirs, links, name):
    browser = Client()
    signature = links[name].rpartition("/")[2]
    own = mine.review if name == "review" else mine.file

    opened = browser.get(links[name])
    assert b"".join(opened)
    assert opened.status_code == 200
    assert browser.get(f"/{name}/{own}/{signature}").status_code == 404
    assert browser.get(f"/{name}/{nobodys(own)}/{signature}").status_code == 404
    assert browser.get(links[name][:-1]).status_code == 404


def test_T1_a_link_to_one_kind_of_thing_opens_no_other(theirs, links):
    review, media = (links[name].rpartition("/")[2] for name in ("review", "media"))

    assert Client().get(f"/review/{theirs.review}/{media}").status_code == 404
    assert Client().get(f"/media/{theirs.file}/{review}").status_code == 404


# --- what needs a session


def steady(response: Any, known: str) -> str:
    """Return a page without the id that was sent, and without what is new in every answer."""
    text = response.content.decode().replace(known, "")
    text = text.replace(response.headers["X-Request-Id"], "")
    return re.sub(
        r"""(nonce|Nonce|value|token)(&quot;|["'])?[=:] ?["'][\w=+/-]{16,}["']""", r"\1", text
    )


@pytest.mark.parametrize("pattern", sorted(PAGES))
def test_T4_a_page_of_a_strangers_workspace_reads_like_one_that_nobody_has(
    owner, workspace, theirs, stranger_workspace, pattern
):
    browser = Client()
    browser.force_login(get_user_model().objects.get(pk=owner.id))

    def look(workspace_id: str) -> Any:
        call = getattr(browser, PAGES[pattern])
        return call(f"/{pattern}", {"workspace": workspace_id, "item": "pack:none"})

    foreign, unknown = look(stranger_workspace.id), look(f"ws_{NOBODY}")

    assert foreign.status_code == unknown.status_code == 404
    assert steady(foreign, stranger_workspace.id) == steady(unknown, f"ws_{NOBODY}")
    assert MARK.encode() not in foreign.content


@pytest.mark.parametrize("pattern", sorted(PAGES))
def test_T4_a_page_of_a_workspace_is_for_who_is_signed_in(stranger_workspace, pattern):
    response = getattr(Client(), PAGES[pattern])(
        f"/{pattern}", {"workspace": stranger_workspace.id}
    )

    assert response.status_code == 302
    assert "/login/" in response.headers["Location"]


@pytest.mark.parametrize("pattern", sorted(PAGES_OF_FLOW))
def test_T1_a_page_of_a_strangers_workflow_reads_like_one_that_nobody_has(
    owner, theirs, stranger_workspace, pattern
):
    browser = Client()
    browser.force_login(get_user_model().objects.get(pk=owner.id))
    before = rows_of(stranger_workspace)

    def look(workflow_id: object, query: Mapping[str, str]) -> Any:
        call = getattr(browser, PAGES_OF_FLOW[pattern])
        return call("/" + pattern.replace("<wf:workflow_id>", str(workflow_id)), query)

    for query in ({}, {"workspace": stranger_workspace.id}):
        foreign, unknown = look(theirs.workflow, query), look(nobodys(theirs.workflow), query)

        assert foreign.status_code == unknown.status_code == 404
        assert MARK.encode() not in foreign.content
    assert rows_of(stranger_workspace) == before


@pytest.mark.parametrize("pattern", sorted(PAGES_OF_FLOW))
def test_T4_a_page_of_a_workflow_is_for_who_is_signed_in(theirs, pattern):
    path = "/" + pattern.replace("<wf:workflow_id>", theirs.workflow)

    response = getattr(Client(), PAGES_OF_FLOW[pattern])(path)

    assert response.status_code == 302
    assert "/login/" in response.headers["Location"]


@pytest.mark.parametrize("pattern", sorted(STUDIO))
def test_T1_the_canvas_needs_a_session_and_shows_nothing_of_a_stranger(member, theirs, pattern):
    browser, nobody = Client(), Client()
    browser.force_login(get_user_model().objects.get(pk=member.id))

    shown = browser.get(f"/{pattern}")

    assert nobody.get(f"/{pattern}").status_code in (401, 404, 405)
    assert shown.status_code == STUDIO[pattern]
    assert MARK.encode() not in shown.content


def test_T1_a_key_opens_no_page_of_the_canvas(key):
    response = Client().get("/api/studio/catalogue", headers={"Authorization": f"Bearer {key}"})

    assert response.status_code == 401


ADMIN = sorted(pattern for pattern in PATTERNS if pattern.startswith("admin/"))
OPEN_ADMIN = {"admin/login/", "admin/logout/"}


@pytest.mark.parametrize("who", ["nobody", "owner"])
def test_T1_the_staffs_pages_are_for_staff(owner, theirs, who):
    """An owner is no staff; who is none is sent to sign in, whatever the path names."""
    browser = Client()
    if who == "owner":
        browser.force_login(get_user_model().objects.get(pk=owner.id))

    for pattern in ADMIN:
        path = re.sub(r"<[^>]*>", theirs.workflow, pattern)
        if pattern in OPEN_ADMIN or path.startswith("admin/(?P"):
            continue
        for method in ("get", "post"):
            response = getattr(browser, method)(f"/{path}")
            assert response.status_code in (302, 403, 404, 405), (method, path)
            if response.status_code == 302:
                assert "/login/" in response.headers["Location"], (method, path)
            assert MARK.encode() not in response.content
