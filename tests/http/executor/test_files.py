"""`/files`: uploads, records, deletion."""

import errno
import hashlib

import pytest
from django.test import RequestFactory

from common.errors import Unavailable
from executor import conf
from executor.http.upload import MAX_BODY_BYTES, MAX_FILE_BYTES, received_file
from executor.models import File
from tests.client import ApiClient
from tests.executor.media_files import insert_png_chunk, make_image, make_wav, make_zero_png
from tests.factories import make_file, make_key
from tests.http.problem import assert_problem, items_of

BOUNDARY = "----pixelflow"


@pytest.fixture(autouse=True)
def _no_file_is_left_behind():
    before = set(conf.temporary_dir().iterdir())
    yield
    assert set(conf.temporary_dir().iterdir()) == before


def part(content, name="file", filename="a.bin", extra=""):
    """One part of a form; without a file name it is a text field."""
    shown = "" if filename is None else f'; filename="{filename}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n{extra}\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts):
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def upload(api, body, content_type=f"multipart/form-data; boundary={BOUNDARY}", **headers):
    return api.post("/files", body, **{"Content-Type": content_type}, **headers)


def rows():
    return File.objects.across_workspaces()


def test_an_upload_is_described_by_what_was_stored(api, workspace):
    response = upload(api, form(part(make_image("PNG"), filename="photo.html")))

    answer, row = response.json(), rows().get()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/files/{row.id}"
    assert row.workspace_id == workspace.id
    assert answer == {
        "id": row.id,
        "url": answer["url"],
        "kind": "image",
        "contentType": "image/png",
        "bytes": row.bytes,
        "sha256": row.sha256,
        "width": 64,
        "height": 64,
    }
    assert answer["url"].startswith(f"{conf.public_url()}/media/{row.id}/")


def test_a_sound_has_a_length(api):
    answer = upload(api, form(part(make_wav(0.5)))).json()

    assert (answer["kind"], answer["contentType"]) == ("audio", "audio/wav")
    assert answer["durationS"] == pytest.approx(0.5)
    assert "width" not in answer


def test_V7_the_type_is_our_own_finding_and_not_the_clients(api):
    html = part(make_image("JPEG"), filename="x.html", extra="Content-Type: text/html\r\n")

    assert upload(api, form(html)).json()["contentType"] == "image/jpeg"


def test_a_part_without_a_file_name_is_taken_as_well(api):
    assert upload(api, form(part(b"plain words", filename=None))).status_code == 201


def test_what_stands_around_the_parts_does_not_matter(api):
    body = b"preamble\r\n" + form(part(b"plain words")) + b"epilogue"

    assert upload(api, body).status_code == 201


def test_a_file_that_looks_like_a_boundary_stays_whole(api):
    content = f"words\r\n--{BOUNDARY[:-1]}\r\nmore words\r\n".encode() * 5_000

    response = upload(api, form(part(content)))

    assert response.json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_U10_no_bytes_are_no_file(api):
    problem = assert_problem(upload(api, form(part(b""))), 422, "invalid_inputs")

    assert items_of(problem) == [("/file", "undecodable")]


@pytest.mark.parametrize("body", [form(), b"\r\n" + form()])
def test_U10_no_part_is_a_422(api, body):
    response = upload(api, body)

    assert items_of(assert_problem(response, 422, "invalid_inputs")) == [("/file", "missing")]


def test_U10_two_files_are_a_422(api):
    response = upload(api, form(part(b"one"), part(b"two")))

    assert items_of(assert_problem(response, 422, "invalid_inputs")) == [("/file", "not_allowed")]
    assert not rows().exists()


def test_U10_other_fields_are_a_422(api):
    body = form(part(b"one"), part(b"two", name="a/b", filename=None), part(b"3", name="photo"))

    problem = assert_problem(upload(api, body), 422, "invalid_inputs")

    assert items_of(problem) == [("/a~1b", "unknown_field"), ("/photo", "unknown_field")]
    assert not rows().exists()


@pytest.mark.parametrize("count", [1_000, 10_000])
def test_U10_too_many_parts_are_a_400(api, count):
    response = upload(api, form(*[part(b"", name="a", filename=None)] * count))

    assert_problem(response, 400, "malformed_request")


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\u00e9",
     "multipart/form-data; boundary=" + "x" * 71],
)  # fmt: skip
def test_U10_no_boundary_is_a_400(api, content_type):
    response = upload(api, form(part(b"words")), content_type)

    assert_problem(response, 400, "malformed_request")


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "multipart/mixed; boundary=x", "image/png"]
)
def test_what_is_no_form_is_a_415(api, content_type):
    assert_problem(upload(api, b"{}", content_type), 415, "unsupported_media_type")


def test_a_compressed_body_is_a_415(api):
    response = upload(api, form(part(b"words")), Content_Encoding="gzip")

    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        form(part(b"words"))[:-10],
        part(b"words"),
        part(b"words" * 100_000),
        b"no boundary in here" * 100,
        b"--" + BOUNDARY.encode() + b"\r\nContent-Disposition: form-data; name=",
    ],
)
def test_U10_a_body_that_broke_off_stores_nothing(api, body):
    response = upload(api, body)

    assert response.status_code in (400, 422)
    assert not rows().exists()


def test_U10_a_body_shorter_than_it_says_is_a_400(api):
    body = form(part(b"words"))
    request = RequestFactory().generic(
        "POST", "/", body, content_type=f"multipart/form-data; boundary={BOUNDARY}"
    )
    request.META["CONTENT_LENGTH"] = str(len(body) + 1)

    with pytest.raises(Exception, match="broke off"), received_file(request):
        pass


def test_U10_a_declared_length_over_the_limit_is_refused_unread(api):
    response = upload(api, b"x", Content_Length=str(MAX_BODY_BYTES + 1))

    assert assert_problem(response, 413, "too_large")["limitBytes"] == MAX_FILE_BYTES


@pytest.mark.parametrize("length", ["abc", "-1", "\u0661"])
def test_U10_a_length_that_is_no_number_is_a_400(api, length):
    request = RequestFactory().generic(
        "POST", "/", b"x", content_type=f"multipart/form-data; boundary={BOUNDARY}"
    )
    request.META["CONTENT_LENGTH"] = length

    with pytest.raises(Exception, match="Content-Length"), received_file(request):
        pass


def test_U10_a_picture_over_its_limit_is_a_413(api):
    picture = insert_png_chunk(make_image("PNG"), b"tEXt", b"x" * (50 * 1024 * 1024))

    response = upload(api, form(part(picture)))

    assert assert_problem(response, 413, "too_large")["limitBytes"] == 50 * 1024 * 1024


def test_U1_a_picture_of_too_many_pixels_is_a_422(api):
    response = upload(api, form(part(make_zero_png(13_370, 13_370))))

    problem = assert_problem(response, 422, "invalid_inputs")
    assert items_of(problem) == [("/file", "image_too_large")]


def test_U4_a_picture_cut_short_is_a_422(api):
    response = upload(api, form(part(make_image("PNG")[:-400])))

    assert items_of(assert_problem(response, 422, "invalid_inputs")) == [("/file", "undecodable")]


@pytest.mark.parametrize(
    "content",
    [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"\x00\x01\x02", b"II*\0"],
)
def test_U3_U7_a_format_that_is_not_taken_is_a_415(api, content):
    assert_problem(upload(api, form(part(content))), 415, "unsupported_media_type")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_U11_a_full_disk_is_a_503_that_says_when_to_come_back(code):
    request = RequestFactory().post("/", {"file": "words"})

    with pytest.raises(Unavailable) as caught, received_file(request):
        raise OSError(code, "no room")

    assert caught.value.retry_after_s == 30


def test_other_faults_of_the_disk_stay_what_they_are():
    request = RequestFactory().post("/", {"file": "words"})

    with pytest.raises(PermissionError), received_file(request):
        raise PermissionError(errno.EACCES, "no")


def test_U17_the_same_bytes_of_two_tenants_look_like_two_files(api, stranger_key):
    body = form(part(make_image("PNG")))

    ours = upload(api, body).json()
    theirs = upload(api.with_key(stranger_key), body).json()

    assert ours["sha256"] == theirs["sha256"]
    assert ours["id"] != theirs["id"]
    assert len({row.storage_key for row in rows()}) == 2
    api.delete(f"/files/{ours['id']}")
    assert api.with_key(stranger_key).get(f"/files/{theirs['id']}").status_code == 200


def test_a_file_is_read_back_as_it_was_told(api):
    told = upload(api, form(part(make_image("PNG")))).json()

    response = api.get(f"/files/{told['id']}")

    assert (response.status_code, response.json()) == (200, told)


def test_a_deleted_file_is_gone_and_stays_gone(api, workspace):
    path = f"/files/{make_file(workspace).id}"

    assert api.delete(path).status_code == 204
    assert_problem(api.get(path), 410, "gone")
    assert api.delete(path).status_code == 204
    assert_problem(api.get(path), 410, "gone")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_T1_a_foreign_file_reads_like_one_that_is_not_there(api, stranger_workspace, method):
    foreign = make_file(stranger_workspace).id

    details = [
        assert_problem(api.send(method, f"/files/{id_}"), 404, "not_found")["detail"]
        for id_ in (foreign, f"file_{'0' * 26}")
    ]

    assert details[0] == details[1]
    assert rows().get(pk=foreign).deleted_at is None


@pytest.mark.parametrize(
    ("method", "tail", "scope"),
    [
        ("POST", "", "execute"),
        ("GET", "/file_00000000000000000000000000", "read"),
        ("DELETE", "/file_00000000000000000000000000", "execute"),
    ],
)
def test_each_call_needs_its_scope(workspace, method, tail, scope):
    others = [name for name in ("execute", "read", "write", "usage") if name != scope]
    key = make_key(workspace, scopes=others)

    problem = assert_problem(
        ApiClient(key.secret).send(method, f"/files{tail}"), 403, "insufficient_scope"
    )

    assert problem["requiredScope"] == scope


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("POST", "/file_" + "0" * 26)])
def test_B14_other_methods_are_refused(api, method, tail):
    assert_problem(api.send(method, f"/files{tail}"), 405, "method_not_allowed")


@pytest.mark.parametrize("bad", ["x", "file_1", "exec_" + "0" * 26])
def test_a_bad_id_matches_nothing(api, bad):
    assert_problem(api.get(f"/files/{bad}"), 404, "not_found")
