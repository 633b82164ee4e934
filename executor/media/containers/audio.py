"""Sound: the headers of WAV, FLAC, Ogg, MP3 and AAC."""

import struct

from common.errors import UnsupportedMediaType
from executor.media.containers.base import undecodable
from executor.media.containers.facts import Buffer, Facts

# PCM, floats, the two companded forms, and the extensible header of these.
_WAV_CODECS = frozenset((1, 3, 6, 7, 0xFFFE))
_STREAMED = 0xFFFFFFFF
_OPUS_RATE = 48_000
_OGG_TAIL = 128 * 1024
_MP3_BITRATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_MP3_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def inspect_wav(data: Buffer) -> Facts:
    """Read format and length of a WAV.

    Raises:
        MediaRejected: no format, no samples, or cut short.
        UnsupportedMediaType: a compressed stream in a WAV's clothes.
    """
    at, bytes_per_s = 12, 0
    while at + 8 <= len(data):
        name, size = struct.unpack("<4sI", data[at : at + 8])
        if name == b"fmt ":
            bytes_per_s = _read_wav_format(data[at + 8 : at + 24])
        elif name == b"data" and bytes_per_s:
            rest = len(data) - at - 8
            length = rest if size == _STREAMED else size
            if not 0 < length <= rest:
                raise undecodable("The WAV ends before its end.")
            return Facts("wav", duration_s=round(length / bytes_per_s, 3))
        at += 8 + size + (size & 1)
    raise undecodable("The WAV has no samples.")


def _read_wav_format(body: bytes) -> int:
    """Return the bytes a second takes."""
    if len(body) < 16:
        raise undecodable("The header of the WAV is cut short.")
    codec, channels, rate, bytes_per_s, _, _ = struct.unpack("<HHIIHH", body)
    if codec not in _WAV_CODECS:
        raise UnsupportedMediaType("This kind of WAV is not supported.")
    if not channels or not rate or not bytes_per_s:
        raise undecodable("The header of the WAV is damaged.")
    return int(bytes_per_s)


def inspect_flac(data: Buffer) -> Facts:
    """Read the stream info of a FLAC, which must be followed by more.

    Raises:
        MediaRejected: it is missing or cut short.
    """
    info = data[8:42]
    if len(info) < 34 or data[4] & 0x7F or len(data) <= 42:
        raise undecodable("The FLAC ends before its end.")
    packed = int.from_bytes(info[10:18])
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    if not rate:
        raise undecodable("The header of the FLAC is damaged.")
    return Facts("flac", duration_s=round(samples / rate, 3) if samples else None)


def inspect_ogg(data: Buffer) -> Facts:
    """Read codec and length of an Ogg from its first and last page.

    Raises:
        MediaRejected: it holds no whole page.
    """
    tail = max(0, len(data) - _OGG_TAIL)
    last = data.rfind(b"OggS", tail)
    position = int.from_bytes(data[last + 6 : last + 14], "little", signed=True)
    if last <= 0 or len(data) < last + 27:
        raise undecodable("The Ogg ends before its end.")
    rate = _read_ogg_rate(data[:256])
    return Facts("ogg", duration_s=round(position / rate, 3) if rate and position > 0 else None)


def _read_ogg_rate(head: bytes) -> int:
    """Return the clock rate of the page positions, 0 where the codec is one not read here."""
    if b"OpusHead" in head:
        return _OPUS_RATE
    vorbis = head.find(b"\x01vorbis")
    return int.from_bytes(head[vorbis + 12 : vorbis + 16], "little") if vorbis >= 0 else 0


def inspect_mp3(data: Buffer) -> Facts:
    """Check that a whole frame stands at the start, behind an ID3 tag if there is one.

    Raises:
        MediaRejected: it does not.
    """
    at = 0
    if data[:3] == b"ID3":
        size = 0
        for byte in data[6:10]:
            size = size << 7 | byte & 0x7F
        at = 10 + size
    length = _mp3_frame_bytes(data[at : at + 4])
    after = data[at + length : at + length + 4]
    if at + length > len(data) or (after and not _mp3_frame_bytes(after, may_end=True)):
        raise undecodable("The MP3 is damaged.")
    return Facts("mp3")


def _mp3_frame_bytes(head: bytes, *, may_end: bool = False) -> int:
    """Return how long the frame is that begins with these four bytes.

    With `may_end`, a tag or padding may stand there too, which counts as 1.
    """
    if may_end and (len(head) < 4 or head[:3] in {b"TAG", b"APE", b"\0\0\0"}):
        return 1
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        raise undecodable("The MP3 is damaged.")
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bitrate in {0, 15} or rate == 3:
        raise undecodable("The MP3 is damaged.")
    is_full = version == 3
    kbit = _MP3_BITRATES[0 if is_full else 1][bitrate]
    return (144 if is_full else 72) * kbit * 1000 // _MP3_RATES[version][rate] + (head[2] >> 1 & 1)


def inspect_aac(data: Buffer) -> Facts:
    """Check that an ADTS frame is followed by another, or by the end.

    Raises:
        MediaRejected: it is not.
    """
    head = data[:7]
    length = int.from_bytes(head[3:6]) >> 5 & 0x1FFF if len(head) == 7 else 0
    after = data[length : length + 2]
    follows = not after or (after[0] == 0xFF and after[-1] & 0xF6 == 0xF0)
    if length < 7 or length > len(data) or not follows:
        raise undecodable("The AAC is damaged.")
    return Facts("aac")
