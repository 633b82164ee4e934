"""`/templates` of the public API: the list in its shape, one template, forks."""

import json

import pytest
from django.test import Client

from accounts.api import SYSTEM_ACTOR
from templates_gallery.api import TemplateFields, submit_template
from templates_gallery.models import Template
from templates_gallery.services.moderation import approve_template, take_down_template
from templates_gallery.types import Example
from tests.executor.media_files import make_image
from tests.executor.runs import accept, answer_of, perform_all
from tests.factories import (
    ALL_SCOPES,
    make_file,
    make_key,
    make_own_template,
    make_published_workflow,
    make_template,
)
from tests.graphs import graph
from tests.http.problem import assert_problem, items_of
from tests.templates_gallery.staff import STAFF

pytestmark = pytest.mark.django_db

PICTURE = graph(
    {
        "in": ("input.image", {"name": "photo"}),
        "size": ("image.resize", {"width": 32, "height": 32}),
        "out": ("output", {"name": "picture"}),
    },
    ["in.value -> size.image", "size.image -> out.value"],
)


@pytest.fixture
def nobody(api):
    return api.with_key(None)


def slugs_of(response) -> list[str]:
    return [item["slug"] for item in response.json()["items"]]


def test_a_template_is_shown_to_everybody_as_the_api_says(nobody):
    card = make_template()

    shown = nobody.get(f"/templates/{card.slug}").json()

    needed = "slug title description category tags modality author graph inputs outputs examples"
    assert set(f"{needed} credits stats".split()) <= set(shown)
    assert shown["inputs"]["required"] == ["text"]
    assert shown["outputs"]["properties"]["text"]["x-kind"] == "text"
    assert shown["examples"] == [
        {
            "title": "Hello",
            "inputs": {"text": "hello"},
            "outputs": {"text": "HELLO"},
            "simulated": False,
        }
    ]
    assert shown["stats"]["runs"] == 0
    assert nobody.get("/templates").json() == {"items": [shown], "nextCursor": None}


def test_the_graph_runs_as_given(api, workspace):
    shown = api.get(f"/templates/{make_template().slug}").json()

    made = api.post("/workflows", {"name": "Mine", "graph": shown["graph"]}).json()
    api.post(f"/workflows/{made['id']}/publish")
    run = accept(workspace, made["id"], shown["examples"][0]["inputs"])
    perform_all()

    assert made["problems"] == []
    answer = answer_of(workspace, run.execution_id)
    assert answer["outputs"] == shown["examples"][0]["outputs"]


def test_files_of_examples_are_absolute_addresses(nobody):
    outputs = {"picture": {"asset": "a/b.png", "kind": "image", "width": 32, "height": 32}}
    example = Example("Cup", {"photo": {"asset": "_assets/cup.jpg"}}, outputs, is_simulated=False)
    card = make_template(graph=PICTURE, examples=(example,))

    (shown,) = nobody.get(f"/templates/{card.slug}").json()["examples"]

    base = "http://127.0.0.1:8000/static/library"
    assert shown["inputs"] == {"photo": {"url": f"{base}/_assets/cup.jpg"}}
    assert shown["outputs"]["picture"] == {
        "kind": "image",
        "url": f"{base}/a/b.png",
        "contentType": "image/png",
        "width": 32,
        "height": 32,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["often", "alpha", "zulu"]),
        ({"sort": "popular"}, ["often", "alpha", "zulu"]),
        ({"sort": "name"}, ["alpha", "often", "zulu"]),
        ({"q": "zuul"}, ["zulu"]),
        ({"category": "video"}, ["often"]),
        ({"tag": "special"}, ["zulu"]),
        ({"modality": "image"}, []),
        ({"modality": "text", "tag": "special"}, ["zulu"]),
    ],
)
def test_filters_and_sorts(nobody, query, expected):
    make_template(slug="zulu", title="Zulu", tags=("special",))
    make_template(slug="alpha", title="Alpha")
    make_template(slug="often", title="Often", category="video")
    Template.objects.across_workspaces().filter(slug="often").update(runs=9)

    assert slugs_of(nobody.get("/templates", query)) == expected


@pytest.mark.parametrize("sort", ["popular", "new", "name"])
def test_pages_show_each_template_once(nobody, sort):
    names = {make_template(slug=f"t{number}").slug for number in range(5)}

    found, query = [], {"limit": "2", "sort": sort}
    while True:
        answer = nobody.get("/templates", query)
        found += slugs_of(answer)
        if (cursor := answer.json()["nextCursor"]) is None:
            break
        query["cursor"] = cursor

    assert len(found) == len(names)
    assert set(found) == names


def test_a_walk_goes_on_though_the_last_one_seen_is_gone(nobody):
    for number in range(4):
        make_template(slug=f"t{number}", title=f"T{number}")
    first = nobody.get("/templates", {"limit": "2", "sort": "name"})
    row = Template.objects.across_workspaces().get(slug="t1")
    take_down_template(actor=STAFF, template_id=row.pk, note="Gone")

    query = {"limit": "2", "sort": "name", "cursor": first.json()["nextCursor"]}

    assert slugs_of(first) == ["t0", "t1"]
    assert slugs_of(nobody.get("/templates", query)) == ["t2", "t3"]


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "best"},
        {"category": "nonsense"},
        {"modality": "smell"},
        {"q": "x" * 201},
        {"q": "a\x00b"},
        {"tag": "x" * 41},
        {"limit": "0"},
        {"limit": "101"},
        {"cursor": "garbage"},
    ],
)
def test_v_bad_queries_are_refused(nobody, query):
    assert_problem(nobody.get("/templates", query), 400, "malformed_request")


def test_l2_a_cursor_of_another_search_is_refused(nobody):
    for _ in range(2):
        make_template()
    cursor = nobody.get("/templates", {"limit": "1"}).json()["nextCursor"]

    response = nobody.get("/templates", {"limit": "1", "sort": "name", "cursor": cursor})

    assert_problem(response, 400, "malformed_request")


@pytest.mark.parametrize("path", ["/templates", "/templates/one"])
def test_what_has_not_changed_is_not_sent_again(nobody, path):
    make_template(slug="one")
    first = nobody.get(path)

    again = nobody.get(path, If_None_Match=first.headers["ETag"])
    Template.objects.across_workspaces().update(runs=1)

    assert (again.status_code, again.content) == (304, b"")
    assert nobody.get(path, If_None_Match=first.headers["ETag"]).status_code == 200


def test_t1_what_is_not_listed_is_not_found_and_what_was_removed_is_gone(
    api, nobody, workspace, stranger_key
):
    own = make_own_template(workspace, is_listed=False)
    removed = make_template()
    take_down_template(actor=STAFF, template_id=removed.id, note="Bad")

    for client in (nobody, api, api.with_key(stranger_key)):
        assert slugs_of(client.get("/templates")) == []
        assert_problem(client.get(f"/templates/{own.slug}"), 404, "not_found")
        assert_problem(client.get(f"/templates/{removed.slug}"), 410, "gone")
        assert_problem(client.get("/templates/nobody"), 404, "not_found")


def test_a_fork_is_a_workflow_of_the_callers(api, workspace):
    card = make_template()

    response = api.post(f"/templates/{card.slug}/fork")

    made = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/workflows/{made['id']}"
    assert (made["name"], made["problems"]) == (card.title, [])
    again = api.get(f"/workflows/{made['id']}")
    assert again.json() == made
    assert again.headers["ETag"] == response.headers["ETag"]


def test_a1_a_fork_needs_a_key_with_write(api, workspace):
    path = f"/templates/{make_template().slug}/fork"
    others = [scope for scope in ALL_SCOPES if scope != "write"]
    reader = api.with_key(make_key(workspace, scopes=others).secret)

    assert_problem(api.with_key(None).post(path), 401, "unauthenticated")
    assert_problem(reader.post(path), 403, "insufficient_scope")


def test_t1_a_fork_lies_in_the_callers_workspace_alone(api, stranger_key):
    made = api.post(f"/templates/{make_template().slug}/fork").json()

    stranger = api.with_key(stranger_key)

    assert_problem(stranger.get(f"/workflows/{made['id']}"), 404, "not_found")
    assert stranger.get("/workflows").json()["items"] == []


def test_a_fork_takes_no_fields(api):
    response = api.post(f"/templates/{make_template().slug}/fork", {"name": "Mine"})

    problem = assert_problem(response, 422, "invalid_inputs")
    assert items_of(problem)[0][0] == "/name"


def test_forks_of_nothing(api, workspace):
    removed = make_template()
    take_down_template(actor=STAFF, template_id=removed.id, note="Bad")

    assert_problem(api.post("/templates/nobody/fork"), 404, "not_found")
    assert_problem(api.post(f"/templates/{removed.slug}/fork"), 410, "gone")


def make_picture_template(workspace) -> dict:
    """The answer for a user's template with files, listed."""
    flow = make_published_workflow(workspace, graph=PICTURE)
    photo = make_file(workspace, make_image("PNG"))
    run = accept(workspace, flow.id, {"photo": {"fileId": photo.id}})
    perform_all()
    own = submit_template(
        actor=SYSTEM_ACTOR,
        workspace_id=workspace.id,
        workflow_id=flow.id,
        fields=TemplateFields(
            title="A small picture",
            description="Makes any picture small, for lists and mails.",
            category="style-upscale",
            example_execution_id=run.execution_id,
        ),
    )
    approve_template(actor=STAFF, template_id=own.id)
    response = Client().get(f"/api/v1/templates/{own.slug}")
    return dict(json.loads(response.content))


def test_a_file_of_a_users_example_is_served_by_its_link(workspace):
    shown = make_picture_template(workspace)
    picture = shown["examples"][0]["outputs"]["picture"]
    path = picture["url"].removeprefix("http://127.0.0.1:8000")

    whole = Client().get(path)
    part = Client().get(path, headers={"Range": "bytes=0-3"})
    known = Client().get(path, headers={"If-None-Match": whole.headers["ETag"]})
    past = Client().get(path, headers={"Range": "bytes=99999999-"})

    content = b"".join(whole)
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "image/png")
    assert whole.headers["Content-Security-Policy"].startswith("sandbox")
    assert (part.status_code, b"".join(part)) == (206, content[:4])
    assert (known.status_code, past.status_code) == (304, 416)
    assert (picture["width"], picture["height"]) == (32, 32)


@pytest.mark.parametrize("change", ["other signature", "other file", "post"])
def test_t1_a_file_needs_its_link(workspace, change):
    url = make_picture_template(workspace)["examples"][0]["outputs"]["picture"]["url"]
    path = url.removeprefix("http://127.0.0.1:8000")
    folder, asset, signature = path.rsplit("/", 2)

    if change == "post":
        response = Client().post(path)
    elif change == "other file":
        response = Client().get(f"{folder}/tas_{'0' * 26}/{signature}")
    else:
        response = Client().get(f"{folder}/{asset}/{'x' * len(signature)}é")

    assert response.status_code == (405 if change == "post" else 404)
