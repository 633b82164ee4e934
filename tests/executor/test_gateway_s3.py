"""Media in an S3-compatible service: a real client against moto's server on loopback."""

import io
from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer
from PIL import Image

from common.clock import FixedClock, utc_now
from executor import gateway
from executor.services.collection import ORPHAN_AGE, collect_deleted, enter_orphans
from executor.services.files import content_key, delete_file, take_upload
from tests.executor.runs import run
from tests.graphs import graph

BUCKET = "pixelflow-test"


@pytest.fixture
def s3(settings):
    """The media store on an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # The servers of one process share a state.
    httpx.post(f"http://{host}:{port}/moto-api/reset", trust_env=False)
    options = {
        "bucket_name": BUCKET,
        "endpoint_url": f"http://{host}:{port}",
        "region_name": "us-east-1",
        "access_key": "test",
        "secret_key": "test",
        "default_acl": None,
        "querystring_expire": 15 * 60,
        "file_overwrite": True,
    }
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options},
    }
    client = cast(Any, storages["default"]).connection.meta.client
    client.create_bucket(Bucket=BUCKET)
    yield client
    client.close()
    server.stop()


def test_a_run_reads_and_writes_its_media_there(s3, workspace, tmp_path) -> None:
    source = tmp_path / "photo.png"
    Image.new("RGB", (64, 48), "#336699").save(source)
    photo = take_upload(workspace_id=workspace.id, source=source)
    document = graph(
        {
            "i": ("input.image", {"name": "photo"}),
            "r": ("image.resize", {"width": 16, "height": 16}),
            "o": ("output", {"name": "image"}),
        },
        ["i.value -> r.image", "r.image -> o.value"],
    )

    answer = run(workspace, document, {"photo": {"fileId": photo.id}})

    assert answer["status"] == "COMPLETED"
    stored = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert sorted(item["Size"] for item in stored) == sorted(
        (photo.bytes, answer["outputs"]["image"]["bytes"])
    )


def test_a_link_is_signed_and_gives_the_bytes(s3) -> None:
    gateway.put_bytes("ws_1/ab/abc", b"hello")

    link = gateway.download_link("ws_1/ab/abc", content_type="text/plain", disposition="inline")

    assert link is not None
    assert "Expires" in link
    response = httpx.get(link, trust_env=False)
    assert (response.content, response.headers["Content-Type"]) == (b"hello", "text/plain")


def test_equal_content_is_put_once_and_read_back(s3) -> None:
    gateway.put_bytes("ws_1/ab/abc", b"hello")
    gateway.put_bytes("ws_1/ab/abc", b"hello")

    with gateway.open_stored("ws_1/ab/abc") as stream:
        assert io.BytesIO(stream.read()).getvalue() == b"hello"


def test_a_deleted_files_object_is_collected(s3, workspace, tmp_path) -> None:
    source = tmp_path / "photo.png"
    Image.new("RGB", (8, 8)).save(source)
    photo = take_upload(workspace_id=workspace.id, source=source)
    delete_file(workspace_id=workspace.id, file_id=photo.id)

    assert collect_deleted() == 0
    assert collect_deleted(clock=FixedClock(utc_now() + timedelta(hours=2))) == 1

    assert s3.list_objects_v2(Bucket=BUCKET).get("Contents", []) == []


def test_I12_an_object_that_never_got_a_row_is_collected(s3, workspace) -> None:
    key = content_key(workspace.id, "a" * 64)
    gateway.put_bytes(key, b"hello")
    gateway.put_bytes("notes/readme.txt", b"not ours")
    after = FixedClock(utc_now() + ORPHAN_AGE + timedelta(hours=1))
    later = FixedClock(after.now() + timedelta(hours=2))

    assert [enter_orphans(), enter_orphans(clock=after), enter_orphans(clock=after)] == [0, 1, 0]
    assert collect_deleted(clock=later) == 1

    left = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [item["Key"] for item in left] == ["notes/readme.txt"]
