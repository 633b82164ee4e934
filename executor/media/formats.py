"""The formats that are taken, told apart by their first bytes and never by a name.

What is not in the table is refused: TIFF, JPEG 2000, EPS, PSD, ICNS, FITS, HEIC, SVG and other
markup, playlists, AVI, PDF, archives. Text is what is left: valid UTF-8 that looks like none of
the refused text formats.
"""

import re
from typing import NamedTuple

from common.errors import UnsupportedMediaType
from executor.media.types import MediaKind

HEAD_BYTES = 4096


class Format(NamedTuple):
    """A format that is taken, and how a file of it is called."""

    name: str
    kind: MediaKind
    content_type: str


FORMATS = {
    entry.name: entry
    for entry in (
        Format("png", "image", "image/png"),
        Format("jpeg", "image", "image/jpeg"),
        Format("webp", "image", "image/webp"),
        Format("gif", "image", "image/gif"),
        Format("mp4", "video", "video/mp4"),
        Format("mov", "video", "video/quicktime"),
        Format("webm", "video", "video/webm"),
        Format("mkv", "video", "video/x-matroska"),
        Format("m4a", "audio", "audio/mp4"),
        Format("wav", "audio", "audio/wav"),
        Format("mp3", "audio", "audio/mpeg"),
        Format("aac", "audio", "audio/aac"),
        Format("ogg", "audio", "audio/ogg"),
        Format("flac", "audio", "audio/flac"),
        Format("glb", "model3d", "model/gltf-binary"),
        Format("json", "json", "application/json"),
        Format("text", "text", "text/plain"),
    )
}

_PREFIXES = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
    (b"glTF", "glb"),
)
_RIFF = {b"WEBP": "webp", b"WAVE": "wav"}
_OGG_CODECS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   ")
_MP4_BRANDS = frozenset(
    brand.encode()
    for brand in (
        *("isom", "iso2", "iso3", "iso4", "iso5", "iso6", "iso7", "iso8", "iso9", "mp41", "mp42"),
        *("avc1", "M4V ", "M4VH", "M4VP", "MSNV", "dash", "mmp4", "f4v ", "XAVC"),
        *("3gp4", "3gp5", "3gp6", "3g2a"),
    )
)
_M4A_BRANDS = frozenset((b"M4A ", b"M4B "))
# A second look at text: these are formats of their own, and some reach for other files.
_REFUSED_TEXT = re.compile(
    rb"<[!?/a-z]|#EXTM3U|ffconcat|%!PS|%PDF|\{\\rtf|\[playlist\]|BEGIN:VCARD", re.IGNORECASE
)
_BOM = b"\xef\xbb\xbf"
_WHITESPACE = b" \t\r\n\x0c"


def sniff(head: bytes) -> Format:
    """Return the format that the first `HEAD_BYTES` bytes of a file belong to.

    Raises:
        UnsupportedMediaType: they belong to none that is taken.
    """
    name = _by_prefix(head) or _by_container(head) or _by_frame_sync(head) or _as_text(head)
    if name is None:
        raise UnsupportedMediaType
    return FORMATS[name]


def _by_prefix(head: bytes) -> str | None:
    return next((name for prefix, name in _PREFIXES if head.startswith(prefix)), None)


def _by_container(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _by_brand(head[8:12])
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _by_doctype(head)
    if head[:4] == b"OggS" and any(codec in head[:256] for codec in _OGG_CODECS):
        return "ogg"
    return None


def _by_brand(brand: bytes) -> str | None:
    if brand == b"qt  ":
        return "mov"
    if brand in _M4A_BRANDS:
        return "m4a"
    return "mp4" if brand in _MP4_BRANDS else None


def _by_doctype(head: bytes) -> str | None:
    if b"\x42\x82\x84webm" in head[:128]:
        return "webm"
    return "mkv" if b"\x42\x82\x88matroska" in head[:128] else None


def _by_frame_sync(head: bytes) -> str | None:
    """Tell bare MPEG audio frames: eleven or twelve set bits, then the layer."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "aac"
    is_layer_three = head[1] & 0xE6 == 0xE2
    return "mp3" if is_layer_three and head[2] >> 4 not in {0, 15} else None


def _as_text(head: bytes) -> str | None:
    body = head.removeprefix(_BOM).lstrip(_WHITESPACE)
    if not body or b"\0" in head or _REFUSED_TEXT.match(body) or not _is_utf8_start(head):
        return None
    return "json" if body[:1] in {b"{", b"["} else "text"


def _is_utf8_start(head: bytes) -> bool:
    """Say whether `head` is UTF-8, allowing for a character cut in two at its end."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return len(head) >= HEAD_BYTES and error.start >= len(head) - 3
    return True
