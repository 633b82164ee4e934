"""Sound, film, models and text: recognised, checked, stored as they are."""

import hashlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.errors import UnsupportedMediaType
from executor.media.errors import MediaRejected
from executor.media.sandbox import Sandbox
from executor.media.types import MediaInfo
from tests.executor.media_files import box, make_glb, make_mp4, make_wav


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@pytest.fixture
def take(sandbox: Sandbox, tmp_path: Path):
    def run(data: bytes) -> MediaInfo:
        (tmp_path / "source").write_bytes(data)
        info = sandbox.normalise(tmp_path / "source", tmp_path / "target")
        assert (tmp_path / "target").read_bytes() == data
        assert info.sha256 == hashlib.sha256(data).hexdigest()
        return info

    return run


def vint(value: int) -> bytes:
    return bytes((0x80 | value,))


def make_webm(doctype: bytes = b"webm", size: bytes = b"\x01" + b"\xff" * 7) -> bytes:
    header = b"\x42\x82" + vint(len(doctype)) + doctype
    return b"\x1a\x45\xdf\xa3" + vint(len(header)) + header + b"\x18\x53\x80\x67" + size + bytes(16)


def make_ogg() -> bytes:
    page = b"OggS\0\2" + bytes(8) + bytes(12) + b"\1\x13"
    last = b"OggS\0\4" + struct.pack("<q", 96_000) + bytes(12) + b"\1\1\0"
    return page + b"OpusHead" + bytes(11) + last


def make_flac() -> bytes:
    packed = (44_100 << 44 | 1 << 41 | 15 << 36 | 88_200).to_bytes(8)
    return b"fLaC\x80\0\0\x22" + bytes(10) + packed + bytes(16) + b"\xff\xf8frames"


MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)
AAC_FRAME = b"\xff\xf1\x50\x80" + struct.pack(">I", 40 << 13)[1:] + bytes(33)


@pytest.mark.parametrize(
    ("data", "kind", "content_type", "duration_s"),
    [
        (make_wav(0.5), "audio", "audio/wav", 0.5),
        (make_ogg(), "audio", "audio/ogg", 2.0),
        (make_flac(), "audio", "audio/flac", 2.0),
        (MP3_FRAME * 3, "audio", "audio/mpeg", None),
        (b"ID3\4\0\0\0\0\0\5" + bytes(5) + MP3_FRAME * 2, "audio", "audio/mpeg", None),
        (AAC_FRAME * 3, "audio", "audio/aac", None),
        (make_mp4(), "video", "video/mp4", 2.5),
        (make_mp4(brand=b"qt  "), "video", "video/quicktime", 2.5),
        (make_mp4(handler=b"soun"), "audio", "audio/mp4", 2.5),
        (make_mp4(brand=b"M4A ", handler=b"soun"), "audio", "audio/mp4", 2.5),
        (make_webm(), "video", "video/webm", None),
        (make_webm(b"matroska"), "video", "video/x-matroska", None),
        (make_glb({"buffers": [{"uri": "data:,x"}]}), "model3d", "model/gltf-binary", None),
        (b'{"a": [1, 2.5, null]}', "json", "application/json", None),
        (b"{not json", "text", "text/plain", None),
        ("a,b\r\n1,ü\r\n".encode(), "text", "text/plain", None),
        ("ü".encode() * 5000, "text", "text/plain", None),
    ],
)
def test_what_is_taken_is_named_by_its_bytes_and_kept_as_it_is(
    take, data, kind, content_type, duration_s
):
    info = take(data)

    assert (info.kind, info.content_type, info.duration_s) == (kind, content_type, duration_s)
    assert info.bytes == len(data)


def test_the_size_of_a_film_is_read_from_its_track(take):
    info = take(make_mp4())

    assert (info.width, info.height) == (640, 360)


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"  \n#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\nconcat:http://127.0.0.1/|file:///etc/passwd",
        b"ffconcat version 1.0\nfile subfile,,start,0,end,0,,:/etc/passwd\n",
        b"[playlist]\nFile1=http://127.0.0.1/\n",
        b"RIFF\x40\0\0\0AVI LIST" + bytes(64) + b"#EXTM3U",
        make_mp4(reference=box(b"url ", b"\0\0\0\0", b"http://169.254.169.254/\0")),
        make_mp4(reference=box(b"alis", b"\0\0\0\0", b"/etc/passwd\0")),
        make_mp4(reference=box(b"rsrc", b"\0\0\0\1")),
        make_mp4(extra=box(b"rmra", box(b"rmda", box(b"rdrf", b"\0\0\0\0url http://x")))),
        make_mp4(extra=box(b"cmov", bytes(16))),
        make_webm(b"evil"),
    ],
    ids=str,
)
def test_U12_a_playlist_or_a_film_that_points_elsewhere_is_refused(take, data):
    with pytest.raises(UnsupportedMediaType):
        take(data)


@pytest.mark.parametrize(
    "data",
    [
        make_mp4()[:-10],
        make_mp4().replace(b"moov", b"free", 1),
        make_mp4().replace(b"mdat", b"free", 1),
        make_mp4() + b"#EXTM3U\n",
        make_mp4(handler=b"text"),
        make_mp4().replace(b"hdlr", b"free"),
        make_webm(size=b"\xff\x7f")[:-20],
        make_webm(size=b"\x40\xff"),
        make_wav()[:-10],
        make_wav()[:44],
        make_flac()[:30],
        b"\xff\xfb\x90\x00" + b"\1" * 500,
        b"ID3\4\0\0\0\0\0\5" + bytes(50),
        AAC_FRAME[:-5],
        make_glb({})[:-1],
        make_glb({}) + b"tail",
        b"[" * 100_000,
        b"text " * 2000 + b"\xff\xfe",
        b"text " * 2000 + b"\0",
    ],
)
def test_what_is_cut_or_damaged_is_undecodable(take, data):
    with pytest.raises(MediaRejected) as caught:
        take(data)

    assert caught.value.code == "undecodable"


@pytest.mark.parametrize(
    "data",
    [
        make_glb({"buffers": [{"uri": "http://127.0.0.1/buffer.bin"}]}),
        make_glb({"images": [{"uri": "../../etc/passwd"}]}),
        make_glb({"extensions": {"X": [{"uri": "file:///etc/passwd"}]}}),
        make_glb({"images": [{"uri": None}]}),
        json.dumps({"asset": {"version": "2.0"}, "buffers": [{"uri": "x.bin"}]}).encode(),
        b"# model\nmtllib ../../../etc/passwd\nv 0 0 0\n",
    ],
)
def test_U16_a_model_that_is_not_self_contained_is_refused(take, data):
    with pytest.raises(UnsupportedMediaType):
        take(data)
