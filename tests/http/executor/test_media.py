"""`/media/{file}/{signature}`: bytes by signed link."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from common.http.ranges import Unsatisfiable, read_range
from executor import gateway
from executor.models import File
from executor.selectors.links import media_url
from executor.services.files import delete_file
from tests.executor.media_files import make_glb, make_image, make_wav
from tests.factories import make_file

TEXT = b"0123456789" * 100


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def picture(workspace):
    return make_file(workspace, make_image("PNG"))


@pytest.fixture
def words(workspace):
    return make_file(workspace, TEXT)


def path_of(file):
    return "/" + media_url(file.id).split("/", 3)[3]


def body_of(response):
    """Read an answer to its end, which closes its file."""
    return b"".join(response) if response.streaming else response.content


def test_a_link_gives_the_stored_bytes_to_whoever_has_it(client, picture):
    response = client.get(path_of(picture))

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Content-Length"] == str(picture.bytes)
    assert body_of(response) == _stored(picture)


def test_V2_nothing_in_an_answer_can_run_on_our_origin(client, picture):
    response = client.get(path_of(picture))
    body_of(response)

    headers = response.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in headers
    assert headers["Content-Disposition"] == f'inline; filename="{picture.id}.png"'
    assert headers["Cache-Control"] == "private, max-age=3600, immutable"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["ETag"] == f'"{picture.sha256}"'


def test_V5_the_answer_sets_no_cookie_and_does_not_vary_by_one(client, picture):
    response = client.get(path_of(picture))
    body_of(response)

    assert not response.cookies
    assert "Cookie" not in response.headers.get("Vary", "")


@pytest.mark.parametrize(
    ("content", "disposition", "suffix"),
    [
        (make_image("JPEG"), "inline", "jpg"),
        (make_image("WEBP"), "inline", "webp"),
        (make_image("GIF"), "inline", "png"),
        (make_wav(0.1), "inline", "wav"),
        (make_glb({"asset": {"version": "2.0"}}), "attachment", "glb"),
        (b"words", "attachment", "txt"),
        (b'{"a": 1}', "attachment", "json"),
    ],
    ids=["jpeg", "webp", "gif", "wav", "glb", "text", "json"],
)
def test_V2_only_pictures_films_and_sounds_open_in_place(
    client, workspace, content, disposition, suffix
):
    file = make_file(workspace, content)

    response = client.get(path_of(file))
    body_of(response)

    assert (
        response.headers["Content-Disposition"] == f'{disposition}; filename="{file.id}.{suffix}"'
    )


def test_V2_a_type_that_got_into_the_table_somehow_is_a_download(client, words):
    File.objects.across_workspaces().filter(pk=words.id).update(content_type="text/html")

    response = client.get(path_of(words))
    body_of(response)

    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_V4_a_guess_is_a_404(client, picture, words):
    path = path_of(picture)

    paths = [
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        path[:-1],
        f"/media/{picture.id}/",
        f"/media/{picture.id}/x",
        f"/media/{picture.id}/\u00e9",
        path.replace(picture.id, words.id),
        path.replace(picture.id, f"file_{'0' * 26}"),
    ]

    assert {client.get(guess).status_code for guess in paths} == {404}


def test_V4_a_link_to_a_deleted_file_is_a_410(client, workspace, picture):
    delete_file(workspace_id=workspace.id, file_id=picture.id)

    response = client.get(path_of(picture))

    assert response.status_code == 410
    assert response.headers["Cache-Control"] == "no-store"


def test_V4_a_signed_link_to_a_file_that_never_was_is_a_404(client, db):
    url = media_url(f"file_{'0' * 26}")

    assert client.get("/" + url.split("/", 3)[3]).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/media/%2e%2e/%2e%2e",
        "/media/../../etc/passwd",
        "/media/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/media//etc/passwd",
        "/media/file_%00/x",
        "/media/a/b/c",
        "/media/",
    ],
)
def test_V6_tricks_with_paths_are_a_404(client, db, path):
    assert client.get(path).status_code == 404


def test_bytes_that_are_missing_are_a_404_and_no_500(client, picture):
    gateway.delete_stored(File.objects.across_workspaces().get(pk=picture.id).storage_key)

    assert client.get(path_of(picture)).status_code == 404


@pytest.mark.parametrize(
    ("header", "content_range", "expected"),
    [
        ("bytes=0-", "bytes 0-999/1000", TEXT),
        ("bytes=0-0", "bytes 0-0/1000", b"0"),
        ("bytes=5-14", "bytes 5-14/1000", TEXT[5:15]),
        ("bytes=990-5000", "bytes 990-999/1000", TEXT[990:]),
        ("bytes=-10", "bytes 990-999/1000", TEXT[-10:]),
        ("bytes=-5000", "bytes 0-999/1000", TEXT),
    ],
)
def test_V3_a_range_gives_its_part(client, words, header, content_range, expected):
    response = client.get(path_of(words), headers={"Range": header})

    assert response.status_code == 206
    assert response.headers["Content-Range"] == content_range
    assert response.headers["Content-Length"] == str(len(expected))
    assert response.headers["ETag"] == f'"{words.sha256}"'
    assert body_of(response) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_V3_a_range_past_the_end_is_a_416(client, words, header):
    response = client.get(path_of(words), headers={"Range": header})

    assert response.status_code == 416
    assert response.headers["Content-Range"] == "bytes */1000"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "header",
    ["bytes=0-1,5-6", "bytes=" + ",".join(f"{n}-{n}" for n in range(1_000)), "bytes=0-9,5-14",
     "bytes=9-5", "bytes=", "bytes=-", "bytes=a-b", "items=0-5", "bytes 0-5", "x" * 5_000],
)  # fmt: skip
def test_V3_what_is_no_single_range_gives_the_whole(client, words, header):
    response = client.get(path_of(words), headers={"Range": header})

    assert response.status_code == 200
    assert body_of(response) == TEXT


@pytest.mark.parametrize(
    ("if_range", "status"),
    [("{etag}", 206), ('"other"', 200), ("W/{etag}", 200), ("Sat, 31 Jan 2026 10:00:00 GMT", 200)],
)
def test_V3_if_range_holds_the_range_to_the_same_bytes(client, words, if_range, status):
    headers = {"Range": "bytes=0-4", "If-Range": if_range.replace("{etag}", f'"{words.sha256}"')}

    response = client.get(path_of(words), headers=headers)
    body_of(response)

    assert response.status_code == status


def test_head_tells_without_telling(client, words):
    response = client.head(path_of(words), headers={"Range": "bytes=0-4"})

    assert (response.status_code, body_of(response)) == (200, b"")
    assert response.headers["Content-Length"] == "1000"


@pytest.mark.parametrize("header", ['"{sha}"', "*", 'W/"{sha}"', '"x", "{sha}"'])
def test_who_has_it_already_is_told_so(client, words, header):
    response = client.get(
        path_of(words), headers={"If-None-Match": header.replace("{sha}", words.sha256)}
    )

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == f'"{words.sha256}"'


def test_over_s3_a_link_leads_on_to_where_the_bytes_are(client, workspace, settings):
    storage = {"BACKEND": "tests.http.executor.storage.LinkStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    file = make_file(workspace, b"words")

    response = client.get(path_of(file))

    place = urlsplit(response.headers["Location"])
    row = File.objects.across_workspaces().get(pk=file.id)
    assert response.status_code == 302
    assert response.headers["Cache-Control"] == "no-store"
    assert place.path == f"/{row.storage_key}"
    assert parse_qs(place.query) == {
        "ResponseContentType": ["text/plain; charset=utf-8"],
        "ResponseContentDisposition": [f'attachment; filename="{file.id}.txt"'],
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_B14_other_methods_are_refused(client, words, method):
    assert client.generic(method, path_of(words)).status_code == 405


def test_one_range_of_an_empty_file_cannot_be_had():
    with pytest.raises(Unsatisfiable):
        read_range("bytes=0-", 0)
    assert read_range(None, 0) is None


def _stored(file):
    row = File.objects.across_workspaces().get(pk=file.id)
    with gateway.open_stored(row.storage_key) as stored:
        return stored.read()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_B14_another_method_is_not_allowed_with_or_without_a_token(picture, method):
    client = Client(enforce_csrf_checks=True)

    response = getattr(client, method)(path_of(picture))

    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
