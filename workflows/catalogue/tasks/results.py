"""What tasks give: one base for each kind of result."""

from typing import Any

from workflows.catalogue.node import Context, Outputs
from workflows.catalogue.params import port
from workflows.catalogue.remote import ProviderResult
from workflows.catalogue.tasks.base import ModelNode, data_of, files_of
from workflows.catalogue.values import Audio, Image, Mask, Model3D, Video


class ImageOutputs(Outputs):
    """Pictures; the first one by itself, too."""

    image: Image = port("Image")
    images: list[Image] = port("All images")


class MaskOutputs(Outputs):
    """A mask: white is chosen."""

    mask: Mask = port("Mask")


class VideoOutputs(Outputs):
    """A film."""

    video: Video = port("Video")


class AudioOutputs(Outputs):
    """A sound."""

    audio: Audio = port("Audio")


class StemsOutputs(Outputs):
    """Several sounds; the first one by itself, too."""

    audio: Audio = port("Audio")
    audios: list[Audio] = port("All parts")


class TextOutputs(Outputs):
    """A text."""

    text: str = port("Text")


class TranscriptOutputs(Outputs):
    """What was said, and where the provider tells it, when: a list of objects, or null."""

    text: str = port("Text")
    details: Any = port("Details", kind="json", nullable=True)


class VectorOutputs(Outputs):
    """A text as a list of numbers."""

    vector: Any = port("Vector", kind="json")


class VerdictOutputs(Outputs):
    """Whether something is against the rules, and how the provider came to that."""

    flagged: bool = port("Flagged")
    details: Any = port("Details", kind="json", nullable=True)


class ShapeOutputs(Outputs):
    """A 3D model."""

    model3d: Model3D = port("3D model")


class ImageTask(ModelNode[ImageOutputs]):
    """Gives pictures."""

    def result(self, ctx: Context, result: ProviderResult) -> ImageOutputs:  # noqa: ARG002
        """Take all pictures."""
        found: list[Any] = files_of(result, "image")
        return ImageOutputs(image=found[0], images=found)


class MaskTask(ModelNode[MaskOutputs]):
    """Gives a mask."""

    def result(self, ctx: Context, result: ProviderResult) -> MaskOutputs:  # noqa: ARG002
        """Take the first picture as a mask."""
        image = files_of(result, "image")[0]
        fields = {name: getattr(image, name) for name in image.__dataclass_fields__}
        return MaskOutputs(mask=Mask(**{**fields, "kind": "mask"}))


class VideoTask(ModelNode[VideoOutputs]):
    """Gives a film."""

    def result(self, ctx: Context, result: ProviderResult) -> VideoOutputs:  # noqa: ARG002
        """Take the first film."""
        found: list[Any] = files_of(result, "video")
        return VideoOutputs(video=found[0])


class AudioTask(ModelNode[AudioOutputs]):
    """Gives a sound."""

    def result(self, ctx: Context, result: ProviderResult) -> AudioOutputs:  # noqa: ARG002
        """Take the first sound."""
        found: list[Any] = files_of(result, "audio")
        return AudioOutputs(audio=found[0])


class StemsTask(ModelNode[StemsOutputs]):
    """Gives several sounds."""

    def result(self, ctx: Context, result: ProviderResult) -> StemsOutputs:  # noqa: ARG002
        """Take all sounds."""
        found: list[Any] = files_of(result, "audio")
        return StemsOutputs(audio=found[0], audios=found)


class TextTask(ModelNode[TextOutputs]):
    """Gives a text."""

    def result(self, ctx: Context, result: ProviderResult) -> TextOutputs:  # noqa: ARG002
        """Take the text."""
        return TextOutputs(text=data_of(result, "text", str))


class TranscriptTask(ModelNode[TranscriptOutputs]):
    """Gives what was said."""

    def result(self, ctx: Context, result: ProviderResult) -> TranscriptOutputs:  # noqa: ARG002
        """Take the text, and the details if there are any."""
        text = data_of(result, "text", str)
        return TranscriptOutputs(text=text, details=result.data.get("json"))


class VectorTask(ModelNode[VectorOutputs]):
    """Gives a vector."""

    def result(self, ctx: Context, result: ProviderResult) -> VectorOutputs:  # noqa: ARG002
        """Take the list of numbers."""
        return VectorOutputs(vector=data_of(result, "json", list))


class VerdictTask(ModelNode[VerdictOutputs]):
    """Gives a verdict."""

    def result(self, ctx: Context, result: ProviderResult) -> VerdictOutputs:  # noqa: ARG002
        """Take the verdict and its details."""
        details = data_of(result, "json", dict)
        return VerdictOutputs(flagged=bool(details.get("flagged")), details=details)


class ShapeTask(ModelNode[ShapeOutputs]):
    """Gives a 3D model."""

    def result(self, ctx: Context, result: ProviderResult) -> ShapeOutputs:  # noqa: ARG002
        """Take the first 3D model."""
        found: list[Any] = files_of(result, "model3d")
        return ShapeOutputs(model3d=found[0])
