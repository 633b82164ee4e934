"""Bodies of the workflow endpoints, and the shapes of their answers for the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from common.http.schema import ApiModel, ProblemItem, Time
from workflows.services.fields import MAX_DESCRIPTION, MAX_NAME

_ID = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}

GRAPH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A graph document: nodes, and edges between their ports.",
    "properties": {
        "schema": {"const": 1},
        "nodes": {
            "type": "array",
            "maxItems": 500,
            "items": {
                "type": "object",
                "properties": {
                    "id": _ID,
                    "type": {"type": "string", "examples": ["image.resize"]},
                    "version": {"type": "integer", "minimum": 1},
                    "params": {"type": "object"},
                    "position": {
                        "type": "object",
                        "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
                    },
                    "label": {"type": "string", "maxLength": 200},
                    "disabled": {"type": "boolean"},
                },
                "required": ["id", "type"],
                "additionalProperties": False,
            },
        },
        "edges": {
            "type": "array",
            "maxItems": 2000,
            "items": {
                "type": "object",
                "properties": {
                    "id": _ID,
                    "source": _ID,
                    "sourceHandle": {"type": "string"},
                    "target": _ID,
                    "targetHandle": {"type": "string"},
                },
                "required": ["id", "source", "sourceHandle", "target", "targetHandle"],
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}

# Checked by graphs.document, which knows better words for what is wrong than a schema does.
GraphJson = Annotated[Any, WithJsonSchema(GRAPH_SCHEMA)]
JsonSchemaJson = Annotated[Any, WithJsonSchema({"type": "object", "description": "JSON Schema."})]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION)]


def _without_defaults(schema: dict[str, Any]) -> None:
    """A field that is left out of a PATCH stays as it is; it has no default."""
    for field in schema["properties"].values():
        field.pop("default", None)


class CreateWorkflow(ApiModel):
    """A new workflow."""

    name: Name
    description: Description = ""
    graph: GraphJson
    callback_url: str | None = None


class ChangeWorkflow(ApiModel):
    """What to change; fields that are left out stay as they are, a null `callbackUrl` clears it."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    name: Name = ""
    description: Description = ""
    graph: GraphJson = None
    callback_url: str | None = None


class WorkflowSummary(ApiModel):
    """A workflow in a list."""

    id: str
    name: str
    description: str
    revision: int
    problems: list[ProblemItem]
    published_version: int | None
    webhook: None
    callback_url: str | None
    created_at: Time
    updated_at: Time


class Workflow(WorkflowSummary):
    """A workflow with its draft."""

    graph: GraphJson
    inputs: JsonSchemaJson
    outputs: JsonSchemaJson


class WorkflowPage(ApiModel):
    """A page of workflows."""

    items: list[WorkflowSummary]
    next_cursor: str | None


class VersionSummary(ApiModel):
    """A published version: its id, and its number within the workflow."""

    version: str
    number: int
    workflow_id: str
    published_by: str
    created_at: Time


class Version(VersionSummary):
    """A published version with its graph."""

    graph: GraphJson
    inputs: JsonSchemaJson
    outputs: JsonSchemaJson


class VersionPage(ApiModel):
    """A page of versions."""

    items: list[VersionSummary]
    next_cursor: str | None


class InterfaceSchemas(ApiModel):
    """What the published version takes and gives, as JSON Schemas (2020-12)."""

    inputs: JsonSchemaJson
    outputs: JsonSchemaJson


class NodeInput(ApiModel):
    """An input port of a node type."""

    name: str
    kind: str
    required: bool
    many: bool
    title: str


class NodeOutput(ApiModel):
    """An output port of a node type."""

    name: str
    kind: str


class NodePrice(ApiModel):
    """What a run of a node costs: `credits`, or null where its parameters or inputs decide."""

    credits: int | None
    unit: str
    expression: str
    min_credits: int
    max_credits: int | None


class SwapBody(ApiModel):
    """The node of a graph whose model is to be another one, by the key of that."""

    graph: GraphJson
    node_id: Annotated[str, Field(min_length=1, max_length=64)]
    model: Annotated[str, Field(min_length=1, max_length=60)]


class NodeModel(ApiModel):
    """The model behind a node type; nodes of one task can take each other's place.

    A lower `position` comes first in lists, before those that have none.
    """

    key: str
    vendor: str
    task: str
    status: Literal["active", "beta", "retired"]
    replaced_by: str | None
    position: int | None


class NodeType(ApiModel):
    """A node type of the catalogue; `price` is null where nobody has set one, as yet."""

    type: str
    version: int
    title: str
    description: str
    category: str
    keywords: list[str]
    cost: str
    inputs: list[NodeInput]
    outputs: list[NodeOutput]
    params: JsonSchemaJson
    price: NodePrice | None
    model: NodeModel | None = None


class NodePage(ApiModel):
    """All node types."""

    items: list[NodeType]
    next_cursor: None
