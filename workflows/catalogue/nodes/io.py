"""Where a graph meets its caller: `input.*` and `output`.

The engine fills in an input's value and collects an output's; neither has anything to run.
"""

from typing import Any

from workflows.catalogue.node import Inputs, Meta, Node, Outputs
from workflows.catalogue.params import param, port
from workflows.catalogue.ports import is_kind
from workflows.catalogue.values import Audio, Image, Mask, Video

NAME_HELP = "The field's name in the API."
MAX_NAME = 64


class InputFields(Inputs):
    """What every input node has."""

    name: str = param(title="Name", help=NAME_HELP, wirable=False, max_length=MAX_NAME)
    label: str = param("", title="Label", help="Shown in forms instead of the name.", wirable=False)
    help: str = param("", title="Help", wirable=False, max_length=500)
    required: bool = param(True, title="Required", wirable=False)
    default: Any = param(
        None, title="Default", kind="value", wirable=False, help="Used when it is left out."
    )


class TextFields(InputFields):
    """`input.text`."""

    maxLength: int | None = param(
        None, title="Longest", unit="characters", minimum=1, maximum=131_072, wirable=False
    )
    multiline: bool = param(False, title="Several lines", wirable=False)


class NumberFields(InputFields):
    """`input.number` and `input.integer`."""

    minimum: float | None = param(None, title="Minimum", wirable=False)
    maximum: float | None = param(None, title="Maximum", wirable=False)


class ChoiceFields(InputFields):
    """`input.choice`."""

    choices: list[str] = param(title="Choices", kind="json", wirable=False)


class ListFields(InputFields):
    """`input.list`."""

    items: str = param("text", title="Kind of its elements", kind="kind", wirable=False)


class TextValue(Outputs):
    """A text."""

    value: str = port("Text")


class NumberValue(Outputs):
    """A number."""

    value: float = port("Number")


class IntegerValue(Outputs):
    """A whole number."""

    value: int = port("Integer")


class BooleanValue(Outputs):
    """True or false."""

    value: bool = port("Boolean")


class JsonValueOut(Outputs):
    """Any JSON."""

    value: Any = port("JSON", kind="json")


class ImageValue(Outputs):
    """A picture."""

    value: Image = port("Image")


class MaskValue(Outputs):
    """A mask."""

    value: Mask = port("Mask")


class VideoValue(Outputs):
    """A film."""

    value: Video = port("Video")


class AudioValue(Outputs):
    """A sound."""

    value: Audio = port("Audio")


class ListValue(Outputs):
    """A list."""

    value: list[Any] = port("List", kind="list[@items]")


class OutputFields(Inputs):
    """`output`."""

    value: Any = port("Value", kind="$T", nullable=True)
    name: str = param(
        "output",
        title="Name",
        help="The field's name in the result.",
        wirable=False,
        max_length=MAX_NAME,
    )
    label: str = param("", title="Label", wirable=False)


class Nothing(Outputs):
    """No outputs."""


def _input(kind: str, title: str, description: str) -> Meta:
    return Meta(
        type=f"input.{kind}", title=title, description=description, category="Inputs", role="input"
    )


class InputText(Node[TextFields, TextValue]):
    """A text from the caller."""

    meta = _input("text", "Text input", "A text that the caller gives.")


class InputNumber(Node[NumberFields, NumberValue]):
    """A number from the caller."""

    meta = _input("number", "Number input", "A number that the caller gives.")


class InputInteger(Node[NumberFields, IntegerValue]):
    """A whole number from the caller."""

    meta = _input("integer", "Integer input", "A whole number that the caller gives.")


class InputBoolean(Node[InputFields, BooleanValue]):
    """A switch from the caller."""

    meta = _input("boolean", "Switch input", "True or false, as the caller says.")


class InputChoice(Node[ChoiceFields, TextValue]):
    """One of several texts."""

    meta = _input("choice", "Choice input", "One of a fixed set of texts.")

    @classmethod
    def check(cls, params: Any) -> list[tuple[str, str, str]]:
        """Demand a non-empty list of different texts."""
        choices = params.get("choices")
        if not isinstance(choices, list) or not choices:
            return [("choices", "missing", "Give at least one choice.")]
        if not all(isinstance(choice, str) for choice in choices):
            return [("choices", "wrong_kind", "Every choice must be a text.")]
        if len(set(choices)) != len(choices):
            return [("choices", "not_allowed", "A choice is there twice.")]
        return []


class InputJson(Node[InputFields, JsonValueOut]):
    """Any JSON from the caller."""

    meta = _input("json", "JSON input", "Any JSON value that the caller gives.")


class InputImage(Node[InputFields, ImageValue]):
    """A picture from the caller."""

    meta = _input("image", "Image input", "A picture: an uploaded file, a URL or a data URI.")


class InputMask(Node[InputFields, MaskValue]):
    """A mask from the caller."""

    meta = _input("mask", "Mask input", "A greyscale picture; white is chosen.")


class InputVideo(Node[InputFields, VideoValue]):
    """A film from the caller."""

    meta = _input("video", "Video input", "A film: an uploaded file or a URL.")


class InputAudio(Node[InputFields, AudioValue]):
    """A sound from the caller."""

    meta = _input("audio", "Audio input", "A sound: an uploaded file or a URL.")


class InputList(Node[ListFields, ListValue]):
    """A list from the caller."""

    meta = _input("list", "List input", "A list of values of one kind.")

    @classmethod
    def check(cls, params: Any) -> list[tuple[str, str, str]]:
        """Demand a kind that exists."""
        if not is_kind(params.get("items", "text")):
            return [("items", "not_allowed", "This is no kind of value.")]
        return []


class Output(Node[OutputFields, Nothing]):
    """A result of the workflow."""

    meta = Meta(
        type="output",
        title="Output",
        description="Gives a value back to the caller.",
        category="Outputs",
        role="output",
        keywords=("result", "return"),
    )


NODES = (
    InputText,
    InputNumber,
    InputInteger,
    InputBoolean,
    InputChoice,
    InputImage,
    InputMask,
    InputVideo,
    InputAudio,
    InputJson,
    InputList,
    Output,
)
