"""Images through the sandbox: what is refused, and what is left of those that are taken."""

import io
import os
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageSequence, ImageStat, PngImagePlugin

from common.errors import TooLarge, UnsupportedMediaType
from executor.media.containers.gif import read_gif
from executor.media.errors import MediaRejected
from executor.media.sandbox import Sandbox
from executor.media.types import MediaInfo, MediaLimits
from tests.executor.media_files import (
    PNG_SIGNATURE,
    insert_jpeg_segments,
    insert_png_chunk,
    make_animation,
    make_image,
    make_many_frame_gif,
    make_many_frame_png,
    make_many_frame_webp,
    make_photo,
    make_zero_png,
    png_chunk,
)

ORIENTATION, GPS = 0x0112, 0x8825


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


class Desk:
    """Where a test puts a file in and finds what came out."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.source = folder / "source"
        self.target = folder / "target"

    def take(self, data: bytes, limits: MediaLimits | None = None) -> MediaInfo:
        self.source.write_bytes(data)
        return self.sandbox.normalise(self.source, self.target, limits=limits or MediaLimits())

    def refuse(self, data: bytes, limits: MediaLimits | None = None) -> MediaRejected:
        with pytest.raises(MediaRejected) as caught:
            self.take(data, limits)
        assert not self.target.exists()
        return caught.value

    def picture(self) -> Image.Image:
        return Image.open(io.BytesIO(self.target.read_bytes()))


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path) -> Desk:
    return Desk(sandbox, tmp_path)


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def is_close(one: Image.Image, other: Image.Image, tolerance: int) -> bool:
    difference = ImageChops.difference(one.convert("RGBA"), other.convert("RGBA"))
    limit = Image.new("RGBA", difference.size, (tolerance,) * 4)
    return not ImageChops.subtract(difference, limit).getbbox(alpha_only=False)


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return sum(ImageStat.Stat(difference).mean) / 3


def test_U1_a_huge_png_is_refused_by_its_header_without_costing_time_or_memory(desk: Desk):
    bomb = make_zero_png(13_370, 13_370)
    desk.take(make_image())
    before, started = resident_bytes(), time.monotonic()

    refused = desk.refuse(bomb)

    assert refused.code == "image_too_large"
    assert time.monotonic() - started < 1
    assert resident_bytes() - before < 16 * 1024**2


def test_U1_a_side_over_the_limit_is_refused(desk: Desk):
    assert desk.refuse(make_zero_png(16_385, 2)).code == "image_too_large"


@pytest.mark.parametrize(
    "data",
    [make_many_frame_gif(10_000, 8, 8), make_many_frame_png(10_000), make_many_frame_webp(10_000)],
    ids=["gif", "apng", "webp"],
)
def test_U2_ten_thousand_frames_are_refused_at_once(desk: Desk, data: bytes):
    started = time.monotonic()

    assert desk.refuse(data).code == "image_too_large"
    assert time.monotonic() - started < 2


def test_U2_frames_times_pixels_are_held_against_the_budget(desk: Desk):
    started = time.monotonic()

    assert desk.refuse(make_many_frame_gif(300, 2000, 2000)).code == "image_too_large"
    assert time.monotonic() - started < 2


def test_U2_a_frame_beyond_the_screen_of_a_gif_counts_as_large(desk: Desk):
    data = bytearray(make_image("GIF", Image.new("P", (8, 8))))
    first = data.index(b"\x2c", 13 + 3 * (2 << (data[10] & 7)))
    data[first + 1 : first + 9] = struct.pack("<HHHH", 0, 0, 60_000, 60_000)

    assert desk.refuse(bytes(data)).code == "image_too_large"


@pytest.mark.parametrize("format_name", ["TIFF", "JPEG2000", "EPS", "ICNS", "BMP", "PPM", "AVIF"])
def test_U3_formats_outside_the_list_are_refused(desk: Desk, format_name: str):
    with pytest.raises(UnsupportedMediaType):
        desk.take(make_image(format_name))


@pytest.mark.parametrize(
    "data",
    [
        b"8BPS\0\1" + bytes(64),
        b"SIMPLE  =                    T" + bytes(50),
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(40),
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    ],
    ids=["psd", "fits", "eps", "pdf", "zip", "heic"],
)
def test_U3_formats_are_told_by_their_bytes(desk: Desk, data: bytes):
    with pytest.raises(UnsupportedMediaType):
        desk.take(data)


def test_U3_a_file_of_several_pictures_is_refused(desk: Desk):
    pair = make_image("MPO", make_photo(), save_all=True, append_images=[make_photo()])

    with pytest.raises(UnsupportedMediaType):
        desk.take(pair)


def test_U3_a_photo_with_a_smaller_picture_behind_it_is_a_photo(desk: Desk):
    phone = make_image("MPO", make_photo(), save_all=True, append_images=[make_photo(16, 16)])

    assert desk.take(phone).content_type == "image/jpeg"
    assert desk.target.read_bytes().count(b"\xff\xd8\xff") == 1


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("part", [0.05, 0.5, 0.9, 0.999])
def test_U4_a_cut_image_is_undecodable(desk: Desk, format_name: str, part: float):
    whole = make_image(format_name)

    assert desk.refuse(whole[: int(len(whole) * part)]).code == "undecodable"


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("part", [0.4, 0.7, 0.98])
def test_U4_a_cut_jpeg_with_an_end_marker_is_not_filled_with_grey(
    desk: Desk, part: float, progressive: bool
):
    whole = make_image("JPEG", make_photo(256, 256), progressive=progressive)

    assert desk.refuse(whole[: int(len(whole) * part)] + b"\xff\xd9").code == "undecodable"


def test_U4_a_cut_gif_with_an_end_is_undecodable(desk: Desk):
    whole = make_image("GIF", make_photo(256, 256))
    first_block = whole.index(b"\x2c", 13 + 3 * (2 << (whole[10] & 7))) + 11
    cut = whole[: first_block + 256 * 20]

    assert desk.refuse(cut + b"\0\x3b").code == "undecodable"


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP"])
def test_U4_garbage_behind_a_valid_header_is_undecodable(desk: Desk, format_name: str):
    options = {"lossless": True} if format_name == "WEBP" else {}
    whole = make_image(format_name, make_photo(256, 256), **options)
    garbage = bytes(range(256)) * 40

    assert desk.refuse(whole[: len(whole) // 3] + garbage).code == "undecodable"


def test_U4_a_wrong_checksum_is_undecodable(desk: Desk):
    data = bytearray(make_image())
    end_of_pixels = data.rindex(b"IEND") - 4
    data[end_of_pixels - 1] ^= 1

    assert desk.refuse(bytes(data)).code == "undecodable"


def test_U4_pixels_that_unpack_to_too_little_are_undecodable(desk: Desk):
    short = make_zero_png(64, 64).replace(
        make_zero_png(64, 64)[33:-12], png_chunk(b"IDAT", zlib.compress(bytes(65 * 20)))
    )

    assert desk.refuse(short).code == "undecodable"


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize(
    "tail", [b"PK\x03\x04zip", b"<html><script>", b"<?php system(1)", b"%PDF-1.7 /JS"]
)
def test_U5_a_polyglot_loses_its_tail(desk: Desk, format_name: str, tail: bytes):
    info = desk.take(make_image(format_name) + tail)

    assert tail not in desk.target.read_bytes()
    assert info.bytes == desk.target.stat().st_size


def test_U5_code_inside_an_image_is_not_kept(desk: Desk):
    script = b"<script>alert(document.domain)</script>"
    in_comment = insert_jpeg_segments(make_image("JPEG"), 0xFE, [script])
    in_palette = Image.new("P", (8, 8))
    in_palette.putpalette(script.ljust(768, b"\0"))

    desk.take(in_comment)

    assert script not in desk.target.read_bytes()

    desk.take(make_image("PNG", in_palette))

    assert script not in desk.target.read_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"\xef\xbb\xbf  <!DOCTYPE lolz [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><svg>&a;</svg>",
        b'<?xml version="1.0"?><svg/>',
        b"<!-- x --><html>",
    ],
)
def test_U7_markup_is_refused(desk: Desk, data: bytes):
    with pytest.raises(UnsupportedMediaType):
        desk.take(data)


def make_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (48.0, 51.0, 29.0)
    return exif


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_U8_place_is_stripped_and_orientation_applied(desk: Desk, format_name: str):
    photo = make_photo(80, 40)

    info = desk.take(make_image(format_name, photo, exif=make_exif(6)))

    with desk.picture() as picture:
        assert (info.width, info.height) == picture.size == (40, 80)
        assert not picture.getexif()
        assert mean_difference(picture, photo.transpose(Image.Transpose.ROTATE_270)) < 8
        assert mean_difference(picture, photo.transpose(Image.Transpose.ROTATE_90)) > 16
    assert b"Exif" not in desk.target.read_bytes()


def test_U8_a_profile_of_ten_megabytes_and_a_comment_of_four_are_dropped(desk: Desk):
    profile = [b"ICC_PROFILE\0" + bytes((i + 1, 160)) + bytes(65_000) for i in range(160)]
    comment = [b"c" * 65_000] * 64
    jpeg = insert_jpeg_segments(make_image("JPEG"), 0xFE, comment)

    info = desk.take(insert_jpeg_segments(jpeg, 0xE2, profile))

    assert info.bytes < 20_000


def test_U8_a_png_with_long_text_and_a_profile_that_unpacks_to_much_is_taken(desk: Desk):
    packed = zlib.compress(bytes(10 * 1024**2))
    png = insert_png_chunk(make_image(), b"iCCP", b"huge\0\0" + packed)
    png = insert_png_chunk(png, b"tEXt", b"Comment\0" + b"c" * 4 * 1024**2)

    info = desk.take(insert_png_chunk(png, b"zTXt", b"Bomb\0\0" + packed))

    assert info.bytes < 20_000


def test_U8_a_profile_is_turned_into_srgb(desk: Desk):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    renamed = srgb.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    swapped = renamed.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")
    red = Image.new("RGB", (8, 8), (200, 60, 30))

    desk.take(make_image("PNG", red, icc_profile=swapped))

    with desk.picture() as picture:
        assert "icc_profile" not in picture.info
        assert is_close(picture, Image.new("RGB", (8, 8), (30, 60, 200)), 2)


def test_U8_a_broken_profile_is_left_aside(desk: Desk):
    desk.take(make_image("PNG", icc_profile=b"no profile at all"))

    with desk.picture() as picture:
        assert is_close(picture, make_photo(), 0)


def test_U8_png_text_does_not_come_through(desk: Desk):
    notes = PngImagePlugin.PngInfo()
    notes.add_text("prompt", "secret words")

    desk.take(make_image("PNG", pnginfo=notes))

    assert b"secret" not in desk.target.read_bytes()


@pytest.mark.parametrize(
    ("mode", "becomes"),
    [
        ("1", "L"),
        ("L", "L"),
        ("LA", "RGBA"),
        ("P", "RGB"),
        ("RGB", "RGB"),
        ("RGBA", "RGBA"),
        ("I;16", "L"),
    ],
)
def test_png_modes_become_plain_ones(desk: Desk, mode: str, becomes: str):
    image = make_photo().convert("L") if mode == "I;16" else make_photo().convert(mode)
    expected = image.convert(becomes)
    if mode == "I;16":
        image = image.convert("I").point(lambda value: value * 257).convert("I;16")

    info = desk.take(make_image("PNG", image))

    with desk.picture() as picture:
        assert picture.mode == becomes
        assert is_close(picture, expected, 0)
    assert (info.kind, info.width, info.height) == ("image", 64, 64)


def test_U4_an_interlaced_png_is_counted_pass_by_pass(desk: Desk):
    # Columns and rows of the seven passes over 11 × 13 pixels.
    passes = ((2, 2), (1, 2), (3, 2), (3, 4), (6, 3), (5, 7), (11, 6))
    rows = bytes(sum((1 + columns) * count for columns, count in passes))
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 11, 13, 8, 0, 0, 0, 1))

    def make_interlaced(pixels: bytes) -> bytes:
        body = png_chunk(b"IDAT", zlib.compress(pixels)) + png_chunk(b"IEND", b"")
        return PNG_SIGNATURE + header + body

    assert desk.take(make_interlaced(rows)).width == 11
    assert desk.refuse(make_interlaced(rows[:-1])).code == "undecodable"


def test_a_cmyk_jpeg_becomes_rgb(desk: Desk):
    desk.take(make_image("JPEG", make_photo().convert("CMYK")))

    with desk.picture() as picture:
        assert picture.mode == "RGB"


def test_a_palette_with_a_clear_colour_keeps_it_clear(desk: Desk):
    image = Image.new("P", (8, 8), 3)
    image.putpalette(bytes(range(12)))

    desk.take(make_image("PNG", image, transparency=3))

    with desk.picture() as picture:
        assert picture.getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("format_name", ["GIF", "PNG", "WEBP"])
def test_an_animation_stays_one_with_its_times(desk: Desk, format_name: str):
    data = make_animation(format_name, 5)

    info = desk.take(data)

    with desk.picture() as picture, Image.open(io.BytesIO(data)) as original:
        assert info.content_type == f"image/{format_name.lower()}"
        assert picture.n_frames == 5  # type: ignore[attr-defined]
        for number in range(5):
            picture.seek(number)
            original.seek(number)
            assert is_close(picture, original, 40 if format_name == "WEBP" else 0)
            picture.load()
            assert picture.info["duration"] == 50


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
def test_a_gif_keeps_places_holes_and_disposal_of_its_frames(desk: Desk, disposal: int):
    frames = []
    for number in range(4):
        frame = Image.new("RGBA", (40, 30))
        frame.paste((200, number * 60, 30, 255), (number * 8, 5, number * 8 + 9, 20))
        frames.append(frame)
    data = make_image(
        *("GIF", frames[0]),
        save_all=True,
        append_images=frames[1:],
        duration=[40, 80, 120, 20],
        disposal=disposal,
        loop=3,
        comment=b"secret words",
    )

    desk.take(data)

    assert b"secret" not in desk.target.read_bytes()
    assert gif_frames(desk.target.read_bytes()) == gif_frames(data)


def gif_frames(data: bytes) -> list[tuple[bytes, int, int]]:
    with Image.open(io.BytesIO(data)) as image:
        return [
            (frame.convert("RGBA").tobytes(), frame.info["duration"], frame.info["loop"])
            for frame in ImageSequence.Iterator(image)
        ]


def test_frames_that_are_all_alike_stay_as_many(desk: Desk):
    desk.take(make_many_frame_gif(7, 20, 20))

    assert len(read_gif(desk.target.read_bytes(), MediaLimits()).frames) == 7


def test_an_interlaced_gif_comes_out_straight(desk: Desk):
    image = make_photo(40, 40).quantize(64)
    data = make_image("GIF", image, save_all=True, append_images=[image.rotate(90)], interlace=1)

    desk.take(data)

    with desk.picture() as picture, Image.open(io.BytesIO(data)) as original:
        assert is_close(picture, original, 0)


def test_U5_what_hides_behind_the_pixels_of_a_gif_frame_is_dropped(desk: Desk):
    data = make_animation("GIF", 2)
    script = b"<script>alert(1)</script>"
    hidden = bytes((len(script),)) + script

    desk.take(data[:-2] + hidden + data[-2:])

    assert script not in desk.target.read_bytes()


def test_a_still_gif_becomes_a_png(desk: Desk):
    assert desk.take(make_image("GIF")).content_type == "image/png"


def test_a_lossless_webp_stays_lossless(desk: Desk):
    desk.take(make_image("WEBP", lossless=True))

    with desk.picture() as picture:
        assert is_close(picture, make_photo(), 0)


def test_U10_an_empty_file_is_undecodable(desk: Desk):
    assert desk.refuse(b"").code == "undecodable"


def test_U10_one_byte_over_the_limit_is_too_large(desk: Desk):
    data = make_image()

    with pytest.raises(TooLarge) as caught:
        desk.take(data, MediaLimits(image_bytes=len(data) - 1))

    assert caught.value.fields == {"limitBytes": len(data) - 1}
