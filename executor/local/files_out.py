"""Turning what pipelines give into files: PNG, JPEG, WebP, MP4, WAV, GLB."""

import io
import wave
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image

from executor.local.glb import glb_of
from executor.local.types import LocalError, Order, Refused, Result

QUALITY = 92
SOUND_RATE = 16_000  # where a pipeline does not say


def results_of(pipeline: Any, output: Any, order: Order, fps: float) -> list[Result]:
    """Return the files of an output, of the kind that was ordered.

    Raises:
        Refused: the model's own checker flagged everything.
        LocalError: there is nothing of this kind.
    """
    match order.kind:
        case "image":
            found = [picture_file(each, order.output_format) for each in _pictures(output)]
        case "video":
            found = [
                film_file(frames, fps, _sound_of(pipeline, output)) for frames in _films(output)
            ]
        case "audio":
            found = [sound_file(each, sound_rate(pipeline)) for each in _sounds(output)]
        case _:
            found = [
                Result("model3d", "model/gltf-binary", glb_of(each)) for each in _meshes(output)
            ]
    if not found:
        raise LocalError(f"The model gave no {order.kind}.")
    return found


def picture_file(picture: Image.Image, form: str) -> Result:
    """Return a picture as a file."""
    buffer = io.BytesIO()
    if form == "png":
        picture.save(buffer, "PNG")
    else:
        picture.convert("RGB").save(buffer, form.upper(), quality=QUALITY)
    return Result("image", f"image/{form}", buffer.getvalue())


def film_file(
    frames: Sequence[Image.Image], fps: float, sound: tuple[Any, int] | None = None
) -> Result:
    """Return frames as an MP4 with H.264, with a sound if there is one. Sides become even."""
    import av  # noqa: PLC0415 - of the extra `local`

    buffer = io.BytesIO()
    width, height = (side - side % 2 for side in frames[0].size)
    with av.open(buffer, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=round(fps), options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        voice = None if sound is None else film.add_stream("aac", rate=sound[1], layout="stereo")
        for picture in frames:
            frame = av.VideoFrame.from_image(picture.convert("RGB").crop((0, 0, width, height)))
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
        if voice is not None and sound is not None:
            _add_sound(film, voice, *sound)
    return Result("video", "video/mp4", buffer.getvalue())


def sound_file(sound: Any, rate: int) -> Result:
    """Return samples of -1 to 1, one channel or several, as a WAV of 16 bits."""
    channels = _channels(sound)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(channels.shape[0])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((channels.T.clip(-1, 1) * 32_767).astype("<i2").tobytes())
    return Result("audio", "audio/wav", buffer.getvalue())


def sound_rate(pipeline: Any) -> int:
    """Return the samples a second of what a pipeline gives."""
    for part, names in (
        ("vocoder", ("output_sampling_rate", "sampling_rate")),
        ("vae", ("sampling_rate", "sample_rate")),
    ):
        owner = getattr(pipeline, part, None)
        for name in names:
            rate = getattr(owner, name, None) or getattr(getattr(owner, "config", None), name, None)
            if rate:
                return int(rate)
    return int(getattr(pipeline, "sample_rate", None) or SOUND_RATE)


def _add_sound(film: Any, voice: Any, sound: Any, rate: int) -> None:
    import av  # noqa: PLC0415 - of the extra `local`

    samples = _channels(sound)
    both = np.ascontiguousarray(np.broadcast_to(samples[:2], (2, samples.shape[1])))
    frame = av.AudioFrame.from_ndarray(both.astype("float32"), format="fltp", layout="stereo")
    frame.sample_rate = rate
    film.mux(voice.encode(frame))
    film.mux(voice.encode(None))


def _channels(sound: Any) -> Any:
    """Return samples as channels and samples, the smaller side being the channels."""
    samples = np.asarray(sound.detach().float().cpu() if hasattr(sound, "detach") else sound)
    samples = np.atleast_2d(np.squeeze(samples)).astype("float32")
    return samples if samples.shape[0] <= samples.shape[1] else samples.T


def _pictures(output: Any) -> list[Image.Image]:
    prediction = getattr(output, "prediction", None)
    if prediction is not None:
        return [_map_of(each) for each in prediction]
    films = getattr(output, "frames", None)
    if films is not None:  # a model that edits by way of a film: its end is the picture
        return [frames[-1] for frames in _films(output)]
    return _unflagged(list(_flat(getattr(output, "images", None))), output)


def _unflagged(pictures: list[Image.Image], output: Any) -> list[Image.Image]:
    """Leave out what the model's own checker found unfit, which is black."""
    flags = getattr(output, "nsfw_content_detected", None)
    if not isinstance(flags, list) or len(flags) != len(pictures):
        return pictures
    good = [picture for picture, is_bad in zip(pictures, flags, strict=True) if not is_bad]
    if pictures and not good:
        raise Refused
    return good


def _flat(items: Any) -> Iterator[Image.Image]:
    """Give the pictures of a list, or of lists in it (layers)."""
    if isinstance(items, Image.Image):
        yield items
    elif items is not None:
        for item in items:
            yield from _flat(item)


def _map_of(values: Any) -> Image.Image:
    """Return a map of depths (near is white) or of directions as a picture."""
    array = np.asarray(values, dtype="float32")
    if array.shape[-1] == 3:
        return Image.fromarray(((array + 1) * 127.5).clip(0, 255).astype("uint8"), "RGB")
    return Image.fromarray(((1 - np.squeeze(array)) * 255).clip(0, 255).astype("uint8"), "L")


def _films(output: Any) -> list[list[Image.Image]]:
    films = getattr(output, "frames", None)
    if films is None:
        films = getattr(output, "videos", None)
    if films is None:
        return []
    if len(films) and isinstance(films[0], Image.Image):
        films = [films]
    return [[_frame(each) for each in frames] for frames in films]


def _frame(frame: Any) -> Image.Image:
    if isinstance(frame, Image.Image):
        return frame
    array = np.asarray(frame.detach().float().cpu() if hasattr(frame, "detach") else frame)
    if array.shape[0] == 3 and array.shape[-1] != 3:
        array = array.transpose(1, 2, 0)
    if array.dtype != np.uint8:
        array = (array * 255).clip(0, 255).astype("uint8")
    return Image.fromarray(array, "RGB")


def _sound_of(pipeline: Any, output: Any) -> tuple[Any, int] | None:
    sound = getattr(output, "audio", None)
    return None if sound is None else (sound[0], sound_rate(pipeline))


def _sounds(output: Any) -> list[Any]:
    sounds = getattr(output, "audios", None)
    if sounds is None:
        sounds = getattr(output, "audio", None)
    if sounds is None:
        return []
    return [sounds] if getattr(sounds, "ndim", 2) == 1 else list(sounds)


def _meshes(output: Any) -> list[Any]:
    return list(getattr(output, "images", None) or ())
