"""What a model is: the closed schema of a model file, in which nothing unknown may stand.

A model is data: one file for one model of one vendor and one task. From it follow its node type,
its form, its checks, its price, its docs page, and the requests that its routes send.
"""

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from common.canonical import canonical_json, digest
from workflows.catalogue.model_rules import Rule
from workflows.catalogue.params import Param, ParamKind
from workflows.catalogue.templates import PARAM_TEMPLATES

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Status = Literal["active", "beta", "retired"]
Encoding = Literal[
    "text", "integer", "number", "list", "not", "seconds", "WxH", "W*H", "W:H", "object"
]

MAX_PARAMS = 40
MAX_ROUTES = 12


class Part(BaseModel):
    """Base of a model file's parts: closed and frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelParam(Part):
    """A setting of a model. With `use` it begins as a template, of which the rest changes parts.

    Without a default, and not `required`, it is null unless set: the provider decides.
    """

    use: Name | None = None
    name: Name | None = None
    kind: ParamKind | None = None
    title: Line | None = None
    help: str | None = Field(None, max_length=500)
    default: Any = None
    required: bool | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    max_length: int | None = Field(None, ge=1)
    choices: tuple[str, ...] | None = None
    unit: str | None = Field(None, max_length=20)
    multiline: bool | None = None
    wirable: bool | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.use is not None and self.use not in PARAM_TEMPLATES:
            raise ValueError(f"there is no parameter template {self.use}")
        param = self.param
        if param.kind == "choice" and not param.choices:
            raise ValueError(f"{param.name} has no choices")
        problem = None if param.required else param.problem_with(param.default)
        if problem:
            raise ValueError(f"{param.name}: its default is wrong: {problem[1]}")
        return self

    @cached_property
    def param(self) -> Param:
        """The parameter as forms, checks and prices know it."""
        given = {
            name: value
            for name, value in self.model_dump(exclude={"use"}).items()
            if value is not None
        }
        merged = {**PARAM_TEMPLATES.get(self.use or "", {}), **given}
        missing = {"name", "kind", "title"} - merged.keys()
        if missing:
            raise ValueError(f"a parameter lacks {', '.join(sorted(missing))}")
        required = bool(merged.get("required"))
        nullable = not required and merged.get("default") is None
        return Param(**{**merged, "required": required, "nullable": nullable})


class ModelInput(Part):
    """A port for media beside those of the task, or one of the task's, declared otherwise.

    `most` is how many files a list may hold.
    """

    name: Name
    kind: Literal[
        "image", "mask", "video", "audio", "model3d", "list[image]", "list[video]", "list[audio]"
    ]
    title: Line
    required: bool = False
    most: int | None = Field(None, ge=1, le=100)


class ModelPrice(Part):
    """What a run costs, as an expression in credits (`workflows.catalogue.price_reader`).

    `usd` and `unit` are the list price that it was made from: dollars times 1,000 are credits.
    """

    credits: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
    usd: float | None = Field(None, ge=0)
    unit: Line | None = None
    source: Line
    checked: dt.date


class Wire(Part):
    """Where a value goes in a request, and in which form.

    `path` is keys divided by dots. `values` replaces some values by others before they are
    written `as` the encoding says; `of` are the two parameters that `WxH` and its like are made of,
    of which both must be set.
    """

    path: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    encode: Encoding | None = Field(None, alias="as")
    values: Mapping[str, Any] | None = None
    of: tuple[Name, Name] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.of is not None) != (self.encode in ("WxH", "W*H", "W:H")):
            raise ValueError("`of` goes with WxH, W*H and W:H, and they with it")
        return self


class Route(Part):
    """A way to the model: a provider, its id there, and where the values go in a request.

    A value whose wire is not given goes where its name says; a list of files with `[]` behind it.
    `without` are parameters and ports that this provider does not know: where one is set to
    something else than its default, the route is not taken. `operation` is the adapter's verb, the
    task if it is not given.
    """

    provider: Name
    model: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    operation: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
    wire: Mapping[Name, str | Wire] = {}
    constants: Mapping[str, Any] = {}
    without: tuple[Name, ...] = ()
    unconfirmed: bool = False


class ModelSpec(Part):
    """A model. `key` names its node type `model.<key>`; seconds are wall time.

    `expected_s` is what a run usually takes, after `give_up_s` nobody waits any more.
    `unconfirmed` says what of the file is not sure. A retired model names its successor where there
    is one.
    """

    key: Key
    name: Line
    vendor: Line
    task: Key
    description: Annotated[str, StringConstraints(min_length=10, max_length=500)]
    license: Line
    status: Status = "active"
    since: dt.date
    replaced_by: Key | None = None
    aliases: tuple[Key, ...] = ()
    keywords: tuple[Line, ...] = ()
    unconfirmed: tuple[Line, ...] = ()
    expected_s: float = Field(gt=0, le=86_400)
    give_up_s: float = Field(600, gt=0, le=86_400)
    price: ModelPrice | None = None
    params: tuple[ModelParam, ...] = Field((), max_length=MAX_PARAMS)
    inputs: tuple[ModelInput, ...] = Field((), max_length=12)
    rules: tuple[Rule, ...] = ()
    routes: tuple[Route, ...] = Field((), max_length=MAX_ROUTES)

    def __hash__(self) -> int:
        """Hash the key; the parts of a file are tables, which have no hash."""
        return hash(self.key)

    @cached_property
    def type(self) -> str:
        """The model's node type."""
        return f"model.{self.key}"

    @cached_property
    def params_by_name(self) -> Mapping[str, Param]:
        """The parameters by name, in their order."""
        return {each.param.name: each.param for each in self.params}

    @cached_property
    def revision(self) -> str:
        """Digest of what decides about results: the parameters, and what the routes ask for.

        Equal revisions may answer for each other from the cache; prices and words do not count.
        """
        routes = [route.model_dump(mode="json", by_alias=True) for route in self.routes]
        params = [param.model_dump(mode="json") for param in self.params]
        return digest(
            [self.task, params, sorted(canonical_json(route).decode() for route in routes)]
        )

    @property
    def is_retired(self) -> bool:
        """Whether no run may use it any more."""
        return self.status == "retired"
