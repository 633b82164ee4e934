"""Frozen values of the gallery: categories, states, what lists and pages are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

NEW_FOR = timedelta(days=14)  # after it was first listed
PAGE_SIZE = 24
MAX_TEXT = 200  # characters of a search


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


class GallerySort(StrEnum):
    """Orders of the gallery; `popular` and `name` are those of the API beside `new`."""

    RECOMMENDED = "recommended"
    TRENDING = "trending"
    NEW = "new"
    FORKS = "forks"
    CHEAPEST = "cheapest"
    FASTEST = "fastest"
    POPULAR = "popular"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class GalleryQuery:
    """What is asked of the gallery: values of one filter are alternatives, filters add up.

    `text` is looked for in titles, descriptions, tags, categories, audiences and names of models,
    typos forgiven. `max_credits` compares with what a run of the example costs at most, in medians
    of real runs where there are some; `max_seconds` likewise. `page` counts from 1.
    """

    text: str = ""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    max_credits: int | None = None
    max_seconds: int | None = None
    local: bool = False
    sort: GallerySort = GallerySort.RECOMMENDED
    page: int = 1
    page_size: int = PAGE_SIZE


@dataclass(frozen=True, slots=True)
class ExampleMedia:
    """A file of an example with its address; `kind` is image, mask, video, audio or model3d.

    `asset` is its name, as an input `{"asset": name}` has it. Sizes are None where nobody noted them.
    `poster` is the address of a film's still, if it has one.
    """

    asset: str
    kind: str
    url: str
    mime_type: str = ""
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    poster: str = ""

    @property
    def is_tall(self) -> bool:
        """Whether a frame of 4:3 would cut much of its height off."""
        return bool(self.width and self.height and self.height > self.width * 1.05)


@dataclass(frozen=True, slots=True)
class ExampleValue:
    """An input or output of an example: `media` where it is one file or several, else `value`."""

    name: str
    title: str
    kind: str
    value: Any
    media: tuple[ExampleMedia, ...] = ()


@dataclass(frozen=True, slots=True)
class ExampleView:
    """An example as pages show it. `given` are the inputs as stored, files as `{"asset": name}`.

    `outputs` is empty as long as nobody has rendered it.
    """

    title: str
    given: Mapping[str, Any]
    inputs: tuple[ExampleValue, ...]
    outputs: tuple[ExampleValue, ...]
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class TemplateCard:
    """A template as lists show it, out of the index: costs no query.

    `credits` to `max_credits` is the estimate for the example; `median_credits` and `median_ms` are
    of real runs, None before there are some; `success` is the share of runs that completed, 0 to 1.
    `cover` is what the first example gave (`text` if that is words), `before` the picture that it
    was made from, where both are pictures. `model_names` go with `model_keys`.
    """

    id: str
    slug: str
    title: str
    description: str
    category: str
    category_title: str
    audience: str
    tags: tuple[str, ...]
    modality: str
    licence: str
    author: str
    is_official: bool
    is_featured: bool
    position: int
    version: int
    input_kinds: tuple[str, ...]
    model_keys: tuple[str, ...]
    model_names: tuple[str, ...]
    node_count: int
    is_local: bool
    credits: int
    max_credits: int
    expected_ms: int
    runs: int
    runs_30d: int
    success: float | None
    forks: int
    ratings: int
    rating: float | None  # mean of the stars
    median_credits: int | None
    median_ms: int | None
    listed_at: datetime | None
    updated_at: datetime
    cover: ExampleMedia | None = None
    before: ExampleMedia | None = None
    text: str = ""
    is_simulated: bool = False

    @property
    def usual_credits(self) -> int:
        """What a run costs: the median of real ones, else the estimate."""
        return self.max_credits if self.median_credits is None else self.median_credits

    @property
    def is_free(self) -> bool:
        """Say whether no run of it can cost anything with inputs like the example's."""
        return not self.max_credits and not self.median_credits

    @property
    def usual_ms(self) -> int:
        """How long a run takes: the median of real ones, else what the models say."""
        return self.expected_ms if self.median_ms is None else self.median_ms

    def is_new(self, now: datetime) -> bool:
        """Say whether it was listed a short while ago."""
        return self.listed_at is not None and now - self.listed_at < NEW_FOR


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One choice of a filter, and how many templates it would leave with the other filters as set."""

    value: str
    title: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facets:
    """All filters with their counts; choices that leave nothing are there only while chosen."""

    categories: tuple[FacetValue, ...]
    tags: tuple[FacetValue, ...]
    modalities: tuple[FacetValue, ...]
    models: tuple[FacetValue, ...]
    inputs: tuple[FacetValue, ...]
    local: int


@dataclass(frozen=True, slots=True)
class GalleryPage:
    """One page of the gallery. `suggestions` are the closest ones when nothing was found."""

    query: GalleryQuery
    cards: tuple[TemplateCard, ...]
    total: int
    page: int
    pages: int
    facets: Facets
    suggestions: tuple[TemplateCard, ...] = ()


@dataclass(frozen=True, slots=True)
class Shelf:
    """A category with how much stands on it, and its first templates as recommended."""

    category: Category
    count: int
    cards: tuple[TemplateCard, ...]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: submitted and rejected templates show to their workspace's members and staff."""

    user_id: str | None = None
    workspace_ids: frozenset[str] = frozenset()
    is_staff: bool = False


VISITOR = Viewer()


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version of a template in its list, newest first."""

    number: int
    notes: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class VersionView:
    """The version of a template that is shown: a graph that runs as given, and its interface."""

    id: str
    number: int
    graph: Mapping[str, Any]
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    examples: tuple[ExampleView, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CostLine:
    """A node that costs something: `lower` to `credits` for the example, in up to `quantity` runs."""

    node_id: str
    type: str
    label: str
    model: str | None  # its name
    lower: int
    credits: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that a template uses, and what its licence says."""

    key: str
    name: str
    vendor: str
    licence: str
    is_available: bool  # it runs here, by the platform's accounts


@dataclass(frozen=True, slots=True)
class TemplateDetail:
    """A template with all that its page shows.

    `card` is as in lists (of a template that is not listed, made for this page). `viewer_stars` is
    the viewer's own rating. `is_own`: a workspace of the viewer's published it; then
    `pending_number` is the version that waits for moderation, and `moderation_note` what staff said.
    """

    card: TemplateCard
    status: TemplateStatus
    readme: str
    version: VersionView
    cost: tuple[CostLine, ...]
    models: tuple[ModelUse, ...]
    versions: tuple[VersionLine, ...]
    viewer_stars: int | None = None
    is_own: bool = False
    workspace_id: str | None = None
    workflow_id: str = ""
    pending_number: int | None = None
    moderation_note: str = ""


@dataclass(frozen=True, slots=True)
class GraphDiff:
    """What became of the nodes of a graph, by their labels, in the order of the newer one."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    has_new_wires: bool

    @property
    def is_empty(self) -> bool:
        """Say whether the two do the same."""
        return not (self.added or self.removed or self.changed or self.has_new_wires)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a workflow comes from: "Forked from `title` by `author`, version `version`".

    `newest` is the template's version now; `update` what changed since the copy's, None when
    nothing did. `is_listed`: its page is there to link to.
    """

    template_id: str
    slug: str
    title: str
    author: str
    licence: str
    version: int
    newest: int
    is_trial: bool
    is_listed: bool
    update: GraphDiff | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """A hidden copy of a template that runs; `version` is its workflow's published number."""

    template_id: str
    workflow_id: str
    version: int


@dataclass(frozen=True, slots=True)
class SharedRunView:
    """A run that was made public: its values as the API shows them, files as signed links.

    `inputs` and `outputs` carry titles and kinds of the version that ran, `models` are the names of
    those that ran. `slug` is the template that it came from, empty for none that is listed.
    """

    id: str
    title: str
    slug: str
    template_title: str
    inputs: tuple[ExampleValue, ...]
    outputs: tuple[ExampleValue, ...]
    is_simulated: bool
    created_at: datetime
    finished_at: datetime | None
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateFields:
    """What a person writes about a template of their own; `example_execution_id` may be empty."""

    title: str
    description: str
    category: str
    readme: str = ""
    audience: str = ""
    tags: tuple[str, ...] = ()
    licence: str = "CC-BY-4.0"
    notes: str = ""
    example_execution_id: str = ""


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """A template of one's own, as its workspace sees it.

    `listed_number` is the version that is public, `pending_number` the one that waits; None: none.
    """

    id: str
    slug: str
    workflow_id: str
    status: TemplateStatus
    fields: TemplateFields
    listed_number: int | None
    pending_number: int | None
    moderation_note: str
    runs: int
    forks: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """A library template that was not loaded, and why."""

    slug: str
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load of the library did, by slug; `updated` got a new version, `changed` did not."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    refused: tuple[Refusal, ...] = field(default_factory=tuple)

    @property
    def is_quiet(self) -> bool:
        """Say whether nothing was written and nothing refused."""
        return not (self.added or self.updated or self.changed or self.removed or self.refused)

    def __str__(self) -> str:
        counts = {
            "added": len(self.added),
            "updated": len(self.updated),
            "changed": len(self.changed),
            "removed": len(self.removed),
            "unchanged": self.unchanged,
            "refused": len(self.refused),
        }
        lines = [", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none"]
        lines += [f"{item.slug}: {'; '.join(item.problems)}" for item in self.refused]
        return "\n".join(lines)
