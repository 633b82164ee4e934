"""The shapes of `/models` for the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from common.http.schema import ApiModel
from workflows.catalogue.tasks.base import Modality

ParamsSchema = Annotated[
    Any, WithJsonSchema({"type": "object", "description": "JSON Schema (2020-12)."})
]


class ModelInput(ApiModel):
    """An input port of a model's node."""

    name: str
    kind: str
    required: bool
    many: bool
    title: str


class ModelOutput(ApiModel):
    """An output port of a model's node."""

    name: str
    kind: str


class ModelPrice(ApiModel):
    """What a run costs: `credits`, or null where its parameters or inputs decide."""

    credits: int | None
    unit: str
    expression: str
    min_credits: int
    max_credits: int


class Model(ApiModel):
    """A model. A test key runs one that is not `available`, too, unless it is retired.

    `price` is null where nobody has set one, as yet; `unconfirmed` says what of all this is not sure.
    """

    key: str
    name: str
    vendor: str
    description: str
    task: str
    modality: Modality
    status: Literal["active", "beta", "retired"]
    replaced_by: str | None
    node_type: str
    providers: list[str]
    inputs: list[ModelInput]
    outputs: list[ModelOutput]
    params: ParamsSchema
    price: ModelPrice | None
    license: str
    expected_seconds: Annotated[float, Field(gt=0)]
    unconfirmed: list[str]
    available: bool
    unavailable_reason: str | None


class ModelPage(ApiModel):
    """A page of models."""

    items: list[Model]
    next_cursor: str | None
