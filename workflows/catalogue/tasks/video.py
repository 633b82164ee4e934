"""Tasks that give films."""

from workflows.catalogue.ports import Port
from workflows.catalogue.tasks.base import Task
from workflows.catalogue.tasks.results import VideoTask


class TextToVideo(VideoTask):
    """Makes a film from words."""

    task = Task(
        "text-to-video",
        "Text to video",
        "video",
        "Makes a film from words.",
        needs=("prompt",),
    )


class ImageToVideo(VideoTask):
    """Makes a film that begins with a picture."""

    task = Task(
        "image-to-video",
        "Image to video",
        "video",
        "Makes a film that begins with a picture.",
        inputs=(Port("image", "image", "Image"),),
    )


class VideoToVideo(VideoTask):
    """Changes a film."""

    task = Task(
        "video-to-video",
        "Video to video",
        "video",
        "Changes a film.",
        inputs=(Port("video", "video", "Video"),),
    )


class UpscaleVideo(VideoTask):
    """Makes a film larger and sharper."""

    task = Task(
        "upscale-video",
        "Upscale video",
        "video",
        "Makes a film larger and sharper.",
        inputs=(Port("video", "video", "Video"),),
        is_random=False,
    )


class LipSync(VideoTask):
    """Makes somebody speak what a sound says."""

    task = Task(
        "lip-sync",
        "Lip sync",
        "video",
        "Makes somebody speak what a sound says.",
    )


TASKS = (TextToVideo, ImageToVideo, VideoToVideo, UpscaleVideo, LipSync)
