"""Shapes of the answers of the billing endpoints, for the OpenAPI document."""

from typing import Annotated

from pydantic import Field

from common.http.schema import ApiModel, Time

Figure = Annotated[int, Field(ge=1)]


class Limits(ApiModel):
    """What the workspace may do; null is no limit."""

    requests_per_minute: Figure
    executions_per_minute: Figure
    executions_per_day: Figure | None
    running_at_once: Figure
    retention_days: Figure
    seats: Figure | None


class Balance(ApiModel):
    """The workspace's credits, plan and limits."""

    balance: Annotated[int, Field(description="All credits: `available` and `held`.")]
    held: Annotated[int, Field(ge=0, description="What runs under way may still need.")]
    available: Annotated[int, Field(description="What a new run may cost.")]
    plan: Annotated[str, Field(examples=["free", "pro"])]
    limits: Limits
    renews_at: Annotated[
        Time | None, Field(description="When the plan's next credits come; null: they do not.")
    ]
