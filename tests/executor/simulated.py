"""What tests of simulated results are made with: a model of each task, and inputs for it."""

from datetime import date
from typing import Any

from executor.simulate.drawing import encoded, ground
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.values import Audio, Image, Mask, Media, Video

IMAGE = Image(file_id="i", sha256="1" * 64, width=320, height=200)
FACE = Image(file_id="f", sha256="2" * 64, width=64, height=64)
MASK = Mask(file_id="m", sha256="3" * 64, width=320, height=200)
VIDEO = Video(file_id="v", sha256="4" * 64, width=320, height=180, duration_s=1.5)
AUDIO = Audio(file_id="a", sha256="5" * 64, duration_s=3.0)

_BYTES = {
    media.file_id: encoded(
        ground((media.width or 1, media.height or 1), b"%c" % number * 32), "png"
    )
    for number, media in enumerate((IMAGE, FACE, MASK))
}

# What a run of each task is given; a new task fails a test until it has an entry.
VALUES: dict[str, dict[str, Any]] = {
    "text-to-image": {"prompt": "a red bicycle", "width": 512, "height": 384},
    "image-to-image": {"prompt": "older", "image": IMAGE},
    "image-edit": {"prompt": "in blue", "image": IMAGE, "reference_images": [FACE]},
    "inpaint": {"prompt": "a hat", "image": IMAGE, "mask": MASK},
    "outpaint": {"image": IMAGE, "left": 40, "top": 20},
    "upscale": {"image": IMAGE, "scale": 3},
    "remove-background": {"image": IMAGE},
    "segment": {"image": IMAGE, "prompt": "the bicycle"},
    "depth": {"image": IMAGE},
    "preprocess": {"image": IMAGE},
    "controlnet": {"image": IMAGE, "prompt": "a house"},
    "style-transfer": {"image": IMAGE},
    "face-swap": {"image": IMAGE, "face": FACE},
    "try-on": {"image": IMAGE, "garment": FACE},
    "text-to-video": {"prompt": "waves", "duration": 2, "resolution": "480p"},
    "image-to-video": {"prompt": "it moves", "image": IMAGE, "duration": 1},
    "video-to-video": {"prompt": "by night", "video": VIDEO},
    "upscale-video": {"video": VIDEO},
    "lip-sync": {"video": VIDEO, "audio": AUDIO},
    "text-to-speech": {"text": "good morning to you all" * 3},
    "speech-to-speech": {"audio": AUDIO},
    "speech-to-text": {"audio": AUDIO},
    "music": {"prompt": "slow jazz", "duration": 2},
    "sound-effect": {"prompt": "rain", "duration": 1},
    "separate-audio": {"audio": AUDIO},
    "chat": {"prompt": "name three rivers"},
    "vision": {"prompt": "what is this", "image": IMAGE},
    "embedding": {"text": "near and far"},
    "moderation": {"text": "good morning"},
    "text-to-3d": {"prompt": "a cup"},
    "image-to-3d": {"image": IMAGE},
}


def read(media: Media) -> bytes:
    """The bytes of an input."""
    return _BYTES[str(media.file_id)]


def model_of(task: str, **more: Any) -> ModelSpec:
    """A model of a task, without parameters."""
    return ModelSpec(
        key=f"test-{task}",
        name="Test Model",
        vendor="Test",
        task=task,
        description="A model for tests.",
        license="none",
        since=date(2026, 1, 1),
        expected_s=1,
        **more,
    )


# Documents as staff write them; `{rest}` is what all of them have.
_REST = """
vendor = "Test"
description = "A model for tests."
license = "none"
since = 2026-01-01
expected_s = 5
[price]
credits = "10"
source = "https://example.com/prices"
checked = 2026-01-01
[[routes]]
provider = "fal"
model = "test/model"
"""
_USES: dict[str, str] = {
    "text-to-image": "prompt width height seed count output_format",
    "image-edit": "prompt seed",
    "upscale": "scale",
    "image-to-video": "duration seed",
    "text-to-speech": "text",
    "chat": "prompt system max_tokens json_mode seed",
    "speech-to-text": "",
}
_CHANGES = {"width": "minimum = 16", "height": "minimum = 16"}
_RULES = {
    "text-to-image": '[[rules]]\nkind = "multiple_of"\nparams = ["width", "height"]\nof = 16\n'
}


def document_of(task: str, *, key: str = "", **changes: str) -> str:
    """The file of a model; `changes` are lines instead of those of the same name."""
    head = {"key": f'"{key or f"test-{task}"}"', "name": '"Test Model"', "task": f'"{task}"'}
    lines = [f"{name} = {value}" for name, value in {**head, **changes}.items()]
    params = "".join(
        f'[[params]]\nuse = "{name}"\n{_CHANGES.get(name, "")}\n' for name in _USES[task].split()
    )
    plain, tables = _REST.split("[price]")
    return "\n".join(lines) + plain + "[price]" + tables + params + _RULES.get(task, "")


def write_models(*tasks: str) -> None:
    """Add models of these tasks to the catalogue, as staff do; all that have a document else."""
    from accounts.api import SYSTEM_ACTOR
    from workflows.services.models import add_model

    for task in tasks or _USES:
        add_model(actor=SYSTEM_ACTOR, document=document_of(task))
