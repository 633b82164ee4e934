"""Frozen values of the gallery: categories, states, what lists and pages are given."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Category:
    """A shelf of the gallery; `key` is its folder in the library and its address."""

    key: str
    title: str
    summary: str
    icon: str  # of the sprite


CATEGORIES: tuple[Category, ...] = (
    Category(
        "product-photos",
        "Product photos",
        "Clean shots and scenes for shops and catalogues.",
        "package",
    ),
    Category(
        "ads-social",
        "Ads and social",
        "Posts, stories, banners and thumbnails in every size.",
        "megaphone",
    ),
    Category(
        "characters",
        "Characters and pre-visualisation",
        "Characters, storyboards and looks before the shoot.",
        "clapperboard",
    ),
    Category(
        "portraits", "Faces and portraits", "Headshots, avatars and retouching.", "user-round"
    ),
    Category(
        "style-upscale",
        "Style and upscale",
        "Change the look of a picture, or make it bigger and sharper.",
        "wand-sparkles",
    ),
    Category(
        "background-inpaint",
        "Backgrounds and inpainting",
        "Cut out, replace and repair parts of a picture.",
        "scissors",
    ),
    Category(
        "video", "Video chains", "From words and pictures to films, cut and subtitled.", "film"
    ),
    Category(
        "audio-voice",
        "Audio and voice",
        "Speech, music, sound effects and clean-up.",
        "audio-lines",
    ),
    Category("text-llm", "Text and language", "Write, summarise, classify and translate.", "text"),
    Category(
        "documents-data",
        "Documents and data",
        "Turn tables, JSON and papers into what is needed.",
        "file-spreadsheet",
    ),
    Category(
        "developer-blocks",
        "Developer building blocks",
        "Small parts to call from your own code.",
        "blocks",
    ),
)
CATEGORY_KEYS = frozenset(category.key for category in CATEGORIES)


class TemplateStatus(StrEnum):
    """Where a template stands: only `listed` ones are public; `removed` answers 410."""

    SUBMITTED = "submitted"
    LISTED = "listed"
    UNLISTED = "unlisted"
    REJECTED = "rejected"
    REMOVED = "removed"


class ReportReason(StrEnum):
    """What is wrong with a template, in the reporter's eyes."""

    BROKEN = "broken"
    MISLEADING = "misleading"
    RIGHTS = "rights"
    UNSAFE = "unsafe"
    SPAM = "spam"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Example:
    """Inputs and what came out of them, as `TemplateVersion.examples` keeps one.

    `outputs` is None as long as nobody has rendered it.
    """

    title: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] | None
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class LibraryTemplate:
    """A template of the release as its file describes it; `digest` changes with anything in it."""

    slug: str
    category: str
    title: str
    description: str
    readme: str
    audience: str
    tags: tuple[str, ...]
    author: str
    licence: str
    is_featured: bool
    position: int
    graph: Mapping[str, Any]
    examples: tuple[Example, ...]
    digest: str
