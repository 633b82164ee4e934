"""Bodies of the execution endpoints, and the shapes of their answers for the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

from common.fetch import UrlNotAllowed, check_url
from common.http.rendering import render_json
from common.http.schema import ApiModel, ProblemItem, Time
from executor import conf
from executor.http.review_schemas import OpenReview
from executor.types import FAILURES, ExecutionStatus, NodeStatus

MAX_METADATA_BYTES = 16 * 1024
MAX_NODE_ID = 64


def _check_version(value: object) -> object:
    """Take a version's number, or `draft`; a union would report each half of it."""
    if value is None or value == "draft":
        return value
    if isinstance(value, str):
        raise PydanticCustomError("value_error", 'must be a version number or "draft"')
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError("version_type", 'must be a version number or "draft"')
    if value < 1:
        raise PydanticKnownError("greater_than_equal", {"ge": 1})
    return value


def _check_callback(url: str) -> str:
    try:
        check_url(url, allow=conf.fetch_policy())
    except UrlNotAllowed as error:
        raise PydanticCustomError("url_parsing", "{reason}", {"reason": error.detail}) from error
    return url


def _check_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    if len(render_json(metadata)) > MAX_METADATA_BYTES:
        raise PydanticKnownError(
            "too_long",
            {
                "field_type": "Metadata",
                "max_length": MAX_METADATA_BYTES,
                "actual_length": len(render_json(metadata)),
            },
        )
    return metadata


_VERSION = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "draft"}, {"type": "null"}]}

Version = Annotated[Any, BeforeValidator(_check_version), WithJsonSchema(_VERSION)]
ToNode = Annotated[str, Field(min_length=1, max_length=MAX_NODE_ID)]
CallbackUrl = Annotated[str, AfterValidator(_check_callback)]
Inputs = Annotated[dict[str, Any], Field(examples=[{"text": "a red bicycle"}])]
Metadata = Annotated[dict[str, Any], AfterValidator(_check_metadata)]


class ExecuteBody(ApiModel):
    """What to run, and how."""

    inputs: Inputs = {}
    version: Version = None
    callback_url: CallbackUrl | None = None
    max_credits: Annotated[int, Field(ge=0)] | None = None
    cache: Literal["use", "refresh", "off"] = "use"
    keep: Literal["all", "outputs"] = "all"
    metadata: Metadata | None = None
    to_node: ToNode | None = None


class EstimateBody(ApiModel):
    """What to estimate, and the inputs to estimate it for; they may be left out."""

    inputs: Inputs = {}
    version: Version = None
    to_node: ToNode | None = None


class RetryBody(ApiModel):
    """What to do anew in a retry: a node with all behind it, and inputs over the old ones."""

    from_node: str | None = None
    inputs: dict[str, Any] = {}


class ExecutionAccepted(ApiModel):
    """A run that is stored and will reach a final status."""

    execution_id: str
    status: Literal["QUEUED"]
    workflow_id: str
    version: int | Literal["draft"]
    estimated_credits: int
    poll_url: str
    created_at: Time


class NodeEstimate(ApiModel):
    """One node's share of an estimate."""

    node_id: str
    type: str
    label: str
    credits: int
    min_credits: int
    quantity: int
    cached: bool


class Estimate(ApiModel):
    """What a run would cost, from the least as things are to the most that it may cost."""

    credits: int
    max_credits: int
    balance: int
    nodes: list[NodeEstimate]
    unavailable: Annotated[
        list[ProblemItem],
        Field(description="Models for which a run would be refused just now; left out if none."),
    ] = []


class RunCredits(ApiModel):
    """What was estimated, and what is charged."""

    estimated: int
    charged: int


class RunFailure(ApiModel):
    """Why a node, and with it a run, failed."""

    code: Annotated[str, Field(examples=sorted(FAILURES))]
    message: str
    node_id: str | None
    provider: str | None = None
    retryable: bool


class RouteTaken(ApiModel):
    """Which provider a model was asked of, by whose account, and who was asked in vain before."""

    provider: str
    account: Literal["platform", "own"]
    fallback_from: list[str]


class NodeProgress(ApiModel):
    """Where one node of a run stands."""

    node_id: str
    type: str
    label: str | None
    status: NodeStatus
    progress: float
    cached: bool
    credits: int
    started_at: Time | None
    finished_at: Time | None
    outputs: dict[str, Any]
    error: RunFailure | None
    simulated: Annotated[
        bool, Field(description="In test mode alone: no provider was asked.", examples=[True])
    ] = False
    provider: Annotated[
        str | None, Field(description="Of a model that ran: whom it was asked of.")
    ] = None
    route: RouteTaken | None = None
    reviews: Annotated[list[OpenReview], Field(description="While PAUSED: what is asked.")] = []


class ExecutionState(ApiModel):
    """The poll answer; of a finished run it never changes again."""

    execution_id: str
    status: ExecutionStatus
    progress: float
    outputs: dict[str, Any]
    nodes: list[NodeProgress]
    credits: RunCredits
    error: RunFailure | None
    started_at: Time | None
    finished_at: Time | None


class Execution(ExecutionState):
    """The poll answer with what the run was given."""

    workflow_id: str
    version: int | Literal["draft"]
    trigger: Literal["api", "webhook", "playground", "batch", "mcp"]
    mode: Literal["live", "test"]
    inputs: dict[str, Any]
    metadata: dict[str, Any] | None
    created_at: Time


class ExecutionSummary(ApiModel):
    """A run in a list."""

    execution_id: str
    status: ExecutionStatus
    workflow_id: str
    version: int | Literal["draft"]
    trigger: str
    mode: str
    credits: RunCredits
    error: RunFailure | None
    created_at: Time
    started_at: Time | None
    finished_at: Time | None


class ExecutionPage(ApiModel):
    """A page of runs, newest first."""

    items: list[ExecutionSummary]
    next_cursor: str | None


class Cancelled(ApiModel):
    """Where the run stands, and whether this call is what ended it."""

    execution_id: str
    status: ExecutionStatus
    cancelled: bool


class Ticket(ApiModel):
    """Opens one socket on one run, once and soon."""

    ticket: str
    expires_at: Time


class CallbackTaken(ApiModel):
    """A provider's callback arrived. A short `challenge` that it carried comes back."""

    ok: Literal[True]
    challenge: str | None = None


class StoredFile(ApiModel):
    """A stored piece of media."""

    id: str
    url: str
    kind: str
    content_type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
