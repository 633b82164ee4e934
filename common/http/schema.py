"""The base of request and answer bodies (camelCase outside, strict, closed), and shared shapes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, WithJsonSchema
from pydantic.alias_generators import to_camel

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


class ApiModel(BaseModel):
    """A body whose fields are camelCase in JSON; unknown fields and coercion are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        strict=True,
        frozen=True,
        validate_by_name=False,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class NoFields(ApiModel):
    """A body without fields; it may be left out."""


class ProblemItem(ApiModel):
    """One thing that is wrong, and where. A `warning` in a draft stands against nothing."""

    path: str
    code: str
    message: str
    level: Literal["warning"] | None = None


class Problem(ApiModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    error: str
    code: str
    request_id: str
    errors: list[ProblemItem] = []
