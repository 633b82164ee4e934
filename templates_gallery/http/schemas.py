"""The shapes of `/templates` for the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from common.http.schema import ApiModel, Time
from templates_gallery.types import CATEGORIES

_Object = WithJsonSchema({"type": "object"})
GraphDocument = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "object",
            "description": "A graph document, as `POST /workflows` takes it.",
            "properties": {
                "schema": {"const": 1},
                "nodes": {"type": "array", "items": {"type": "object"}},
                "edges": {"type": "array", "items": {"type": "object"}},
            },
        }
    ),
]
JsonSchema = Annotated[
    Any, WithJsonSchema({"type": "object", "description": "JSON Schema (2020-12)."})
]
CATEGORY_KEYS = [category.key for category in CATEGORIES]
MODALITIES = ["image", "video", "audio", "text", "3d"]
SORTS = ["popular", "new", "name"]


class TemplateExample(ApiModel):
    """Inputs as an execute call takes them, files as `{"url"}`, and the outputs that they gave.

    `outputs` is null where nobody has run it here; `simulated`: they come from test mode.
    """

    title: str
    inputs: Annotated[Any, _Object]
    outputs: Annotated[Any, WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "null"}]})]
    simulated: bool


class TemplateCredits(ApiModel):
    """What a run of the first example costs: at least and at most, and the median of real runs."""

    estimated: int
    max: int
    median: int | None


class TemplateStats(ApiModel):
    """Figures of real runs; shares and medians are null before there are some."""

    runs: int
    runs_last30_days: Annotated[int, Field(alias="runsLast30Days")]
    forks: int
    success_rate: float | None
    median_duration_s: float | None
    ratings: int
    rating: float | None


class Template(ApiModel):
    """A template: a graph that runs as given, what it takes and gives, and examples of it."""

    slug: str
    title: str
    description: str
    category: Annotated[str, WithJsonSchema({"type": "string", "enum": CATEGORY_KEYS})]
    tags: list[str]
    modality: Literal["image", "video", "audio", "text", "3d"]
    author: str
    license: str
    official: bool
    version: int
    graph: GraphDocument
    inputs: JsonSchema
    outputs: JsonSchema
    examples: list[TemplateExample]
    credits: TemplateCredits
    stats: TemplateStats
    models: list[str]
    url: str
    created_at: Time
    updated_at: Time


class TemplatePage(ApiModel):
    """A page of templates."""

    items: list[Template]
    next_cursor: str | None
