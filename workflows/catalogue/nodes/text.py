"""Text: joining, splitting, replacing, case and the like. Templates are in `template`."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.lengths import cut, shorter
from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.nodes.limits import MAX_ELEMENTS, MAX_TEXT, check_elements, check_text
from workflows.catalogue.nodes.patterns import (
    MAX_PATTERN,
    SYNTAX_HELP,
    compile_pattern,
    find_all,
    group_of,
    replace_all,
)
from workflows.catalogue.params import param, port
from workflows.catalogue.quantities import Exactly, Levels, Quantities, exactly, up_to

MAX_FORESEEN = 131_072  # characters of a text that is split before a run: as many as inputs take


class TextOut(Outputs):
    """A text."""

    text: str = port("Text")


class TextsOut(Outputs):
    """Several texts."""

    texts: list[str] = port("Texts")


class CaseIn(Inputs):
    """`text.case`."""

    text: str = port("Text")
    case: Literal["upper", "lower", "title", "sentence"] = param("upper", title="Case")


class JoinIn(Inputs):
    """`text.join`."""

    texts: list[str] = port("Texts", many=True)
    separator: str = param("\n", title="Separator", help="Stands between two.", multiline=True)
    skipEmpty: bool = param(False, title="Skip empty ones")


class ReplaceIn(Inputs):
    """`text.replace`."""

    text: str = port("Text")
    find: str = param("", title="Find", help="Nothing is replaced when this is empty.")
    replace: str = param(
        "", title="Replace with", help=r"With a regular expression, \1 or \g<name> is a group."
    )
    regex: bool = param(False, title="Regular expression", help=SYNTAX_HELP)
    matchCase: bool = param(True, title="Match case")


class SplitIn(Inputs):
    """`text.split`."""

    text: str = port("Text")
    mode: Literal["separator", "lines", "words"] = param("lines", title="Split at")
    separator: str = param(",", title="Separator", max_length=1_000)
    trim: bool = param(True, title="Trim each")
    skipEmpty: bool = param(True, title="Skip empty ones")
    limit: int | None = param(
        None, title="At most", help="Leaves the rest out.", minimum=1, maximum=MAX_ELEMENTS
    )


class ExtractIn(Inputs):
    """`text.extract`."""

    text: str = port("Text")
    pattern: str = param(".+", title="Pattern", help=SYNTAX_HELP, max_length=MAX_PATTERN)
    group: str = param(
        "0", title="Group", help="Number or name; 0 is the whole match.", max_length=64
    )
    matchCase: bool = param(True, title="Match case")


class ExtractOut(Outputs):
    """What was found; `text` is the first of `texts`, or empty."""

    text: str = port("First")
    texts: list[str] = port("All")
    found: bool = port("Found")


class TrimIn(Inputs):
    """`text.trim`."""

    text: str = port("Text")
    sides: Literal["both", "start", "end"] = param("both", title="Sides")
    characters: str = param("", title="Characters", help="Blanks if empty.", max_length=100)
    collapse: bool = param(False, title="Make runs of blanks one")


class TruncateIn(Inputs):
    """`text.truncate`."""

    text: str = port("Text")
    length: int = param(100, title="Longest", minimum=0, maximum=MAX_TEXT)
    unit: Literal["characters", "words"] = param("characters", title="Counted in")
    ellipsis: str = param("…", title="Ellipsis", help="Counts as part of it.", max_length=20)


class LengthIn(Inputs):
    """`text.length`."""

    text: str = port("Text")


class LengthOut(Outputs):
    """How long it is."""

    characters: int = port("Characters")
    words: int = port("Words")
    lines: int = port("Lines")


class ChangeCase(Node[CaseIn, TextOut]):
    """Change the case of a text."""

    meta = Meta(
        type="text.case",
        title="Change case",
        description="Sets a text in upper, lower, title or sentence case.",
        category="Text",
        keywords=("uppercase", "lowercase", "capitalise"),
    )

    async def run(self, ctx: Context, args: CaseIn) -> TextOut:
        """Return the text in the chosen case."""
        return TextOut(text=_in_case(args.text, args.case))


class JoinTexts(Node[JoinIn, TextOut]):
    """String texts together."""

    meta = Meta(
        type="text.join",
        title="Join texts",
        description="Strings texts and lists of texts together, with a separator between.",
        category="Text",
        keywords=("concatenate", "append"),
    )

    async def run(self, ctx: Context, args: JoinIn) -> TextOut:
        """Return the texts with the separator between them."""
        texts = [text for text in args.texts if text or not args.skipEmpty]
        check_text(sum(map(len, texts)) + len(args.separator) * max(len(texts) - 1, 0))
        return TextOut(text=args.separator.join(texts))


class ReplaceText(Node[ReplaceIn, TextOut]):
    """Find and replace."""

    meta = Meta(
        type="text.replace",
        title="Find and replace",
        description="Replaces every occurrence of a text or of a regular expression.",
        category="Text",
        keywords=("substitute", "regex"),
    )

    async def run(self, ctx: Context, args: ReplaceIn) -> TextOut:
        """Return the text with everything replaced."""
        if not args.find:
            return TextOut(text=args.text)
        if args.regex:
            return TextOut(text=_replace_pattern(args))
        return TextOut(text=_replace_literal(args))


class SplitText(Node[SplitIn, TextsOut]):
    """Split a text into a list."""

    meta = Meta(
        type="text.split",
        title="Split text",
        description="Cuts a text at a separator, or into lines or words, and gives a list.",
        category="Text",
        keywords=("lines", "words", "csv"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Count the pieces of a text that is known; of another, as many as its length allows."""
        pieces = _known_pieces(known)
        longest = known["text"].measure("characters").high
        most = shorter(up_to(MAX_ELEMENTS), up_to(longest + 1))
        return {"texts": (cut(most if pieces is None else exactly(len(pieces)), known["limit"]),)}

    @classmethod
    def foreseen(cls, known: Quantities) -> Mapping[str, Any]:
        """Split a text that is known."""
        pieces, limit = _known_pieces(known), known["limit"]
        if pieces is None or not isinstance(limit, Exactly):
            return {}
        found = list(pieces[: limit.value])
        return {"texts": found} if len(found) <= MAX_ELEMENTS else {}

    async def run(self, ctx: Context, args: SplitIn) -> TextsOut:
        """Return the pieces in order."""
        pieces = _pieces(args.text, args.mode, args.separator, args.trim, args.skipEmpty)
        pieces = pieces[: args.limit]
        check_elements(len(pieces))
        return TextsOut(texts=pieces)


class ExtractText(Node[ExtractIn, ExtractOut]):
    """Take out what matches a pattern."""

    meta = Meta(
        type="text.extract",
        title="Extract by pattern",
        description="Takes out of a text what matches a regular expression.",
        category="Text",
        keywords=("regex", "match", "find"),
    )

    async def run(self, ctx: Context, args: ExtractIn) -> ExtractOut:
        """Return the chosen group of every match; a group that took no part is empty."""
        pattern = compile_pattern(args.pattern, match_case=args.matchCase)
        group = group_of(pattern, args.group)
        texts: list[str] = []
        for match in find_all(pattern, args.text):
            texts.append(match.group(group) or "")
            check_elements(len(texts))
        return ExtractOut(text=texts[0] if texts else "", texts=texts, found=bool(texts))


class TrimText(Node[TrimIn, TextOut]):
    """Cut blanks off the ends."""

    meta = Meta(
        type="text.trim",
        title="Trim",
        description="Cuts blanks, or other characters, off the ends of a text.",
        category="Text",
        keywords=("strip", "whitespace"),
    )

    async def run(self, ctx: Context, args: TrimIn) -> TextOut:
        """Return the text without them."""
        characters = args.characters or None
        cut = {"both": str.strip, "start": str.lstrip, "end": str.rstrip}[args.sides]
        text = cut(args.text, characters)
        return TextOut(text=_collapsed(text) if args.collapse else text)


class TruncateText(Node[TruncateIn, TextOut]):
    """Shorten a text."""

    meta = Meta(
        type="text.truncate",
        title="Shorten",
        description="Cuts a text after a number of characters or words.",
        category="Text",
        keywords=("truncate", "limit", "ellipsis"),
    )

    async def run(self, ctx: Context, args: TruncateIn) -> TextOut:
        """Return the text, cut and marked by the ellipsis if it was longer."""
        if args.unit == "words":
            return TextOut(text=_first_words(args.text, args.length, args.ellipsis))
        if len(args.text) <= args.length:
            return TextOut(text=args.text)
        ellipsis = args.ellipsis[: args.length]
        return TextOut(text=args.text[: args.length - len(ellipsis)].rstrip() + ellipsis)


class MeasureText(Node[LengthIn, LengthOut]):
    """Count characters, words and lines."""

    meta = Meta(
        type="text.length",
        title="Text length",
        description="Counts the characters, words and lines of a text.",
        category="Text",
        keywords=("count", "size"),
    )

    async def run(self, ctx: Context, args: LengthIn) -> LengthOut:
        """Return the three counts."""
        return LengthOut(
            characters=len(args.text),
            words=len(args.text.split()),
            lines=len(args.text.splitlines()),
        )


def _in_case(text: str, case: str) -> str:
    match case:
        case "upper":
            return text.upper()
        case "lower":
            return text.lower()
        case "title":
            return text.title()
        case _:
            return text[:1].upper() + text[1:].lower()


def _replace_literal(args: ReplaceIn) -> str:
    if not args.matchCase:
        import re2

        pattern = compile_pattern(re2.escape(args.find), match_case=False)
        return replace_all(pattern, args.text, lambda _: args.replace)
    count = args.text.count(args.find)
    check_text(len(args.text) + count * (len(args.replace) - len(args.find)))
    return args.text.replace(args.find, args.replace)


def _replace_pattern(args: ReplaceIn) -> str:
    pattern = compile_pattern(args.find, match_case=args.matchCase)

    def replacement(match: Any) -> str:
        try:
            return str(match.expand(args.replace))
        except (IndexError, KeyError, ValueError) as error:
            raise NodeFailed("invalid_value", "The replacement names no group.") from error

    return replace_all(pattern, args.text, replacement)


def _known_pieces(known: Quantities) -> Sequence[str] | None:
    """Return the pieces of a text before a limit, if it is known, and none that takes long."""
    names = ("text", "mode", "separator", "trim", "skipEmpty")
    values = [each.value for each in map(known.__getitem__, names) if isinstance(each, Exactly)]
    if len(values) < len(names) or not isinstance(values[0], str) or len(values[0]) > MAX_FORESEEN:
        return None
    return _pieces_before(*values)


@lru_cache(maxsize=32)  # one text may be split alike by a thousand runs of a workflow
def _pieces_before(
    text: str, mode: str, separator: str, trim: bool, skip_empty: bool
) -> Sequence[str]:
    """Return the pieces; none where a run will fail."""
    try:
        return tuple(_pieces(text, mode, separator, trim, skip_empty))
    except NodeFailed:
        return ()


def _pieces(text: str, mode: str, separator: str, trim: bool, skip_empty: bool) -> list[str]:
    pieces = _cut(text, mode, separator)
    if trim:
        pieces = [piece.strip() for piece in pieces]
    return [piece for piece in pieces if piece] if skip_empty else pieces


def _cut(text: str, mode: str, separator: str) -> list[str]:
    if mode == "lines":
        return text.splitlines()
    if mode == "words":
        return text.split()
    if not separator:
        raise NodeFailed("invalid_value", "The separator is empty.")
    return text.split(separator)


def _collapsed(text: str) -> str:
    start = text[: len(text) - len(text.lstrip())]
    end = text[len(text.rstrip()) :]
    return (" " if start else "") + " ".join(text.split()) + (" " if end and text.strip() else "")


def _first_words(text: str, count: int, ellipsis: str) -> str:
    words = text.split()
    return text if len(words) <= count else " ".join(words[:count]) + ellipsis


NODES = (
    ChangeCase,
    JoinTexts,
    ReplaceText,
    SplitText,
    ExtractText,
    TrimText,
    TruncateText,
    MeasureText,
)
