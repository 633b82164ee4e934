"""One campaign of schemathesis against the public API, as one key, with a stranger's beside it.

The requests come out of `/api/v1/schema` and go to the WSGI application in this process; runs are
performed between them, so that answers of finished runs are seen as well.
"""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import schemathesis
from django.db import connections
from schemathesis import Case, CheckContext, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.transport.wsgi import WSGITransport

from common.ids import is_id
from pixelflow_site.wsgi import application
from tests.factories import run_all

OURS, THEIRS = "ours", "theirs"
IDEMPOTENCY_KEY, ANY_KEY = "Idempotency-Key", "any-key"
DOCUMENT = "/api/v1/schema"
MAX_RESPONSE_S = 5.0  # in a process that others share; no call may come near

# What a schema cannot say makes these refuse bodies that fit it: a graph has meaning beyond its
# shape (two nodes of one id), inputs are those of one workflow, a decision is of one question; and
# no JSON may hold NUL, or a whole number beyond 2^53, however free its form is.
MEANING: tuple[dict[str, Any], ...] = (
    {
        "include-operation-id": [
            "createWorkflow",
            "publishWorkflow",
            "estimateWorkflow",
            "executeWorkflow",
            "retryExecution",
            "decideReview",
        ],
        "statuses": ["400", "402", "422"],
    },
    # An `Idempotency-Key` may be that of another request.
    {
        "include-operation-id": [
            "cancelExecution",
            "createExecutionTicket",
            "linkReview",
            "forkTemplate",
        ],
        "statuses": ["422"],
    },
    # And schemathesis 4.32 counts an `If-Match` without its quotes as one that fits the pattern.
    {"include-operation-id": ["changeWorkflow", "restoreVersion"], "statuses": ["400", "422"]},
    # A cursor is signed, and the bounds of a time must stand in order and not too far apart.
    {
        "include-operation-id": [
            "listWorkflows",
            "listExecutions",
            "listModels",
            "listReviews",
            "listTemplates",
            "listVersions",
            "getUsage",
        ],
        "statuses": ["400"],
    },
    # A number in a query is written without an exponent.
    {"include-operation-id": ["pollExecution"], "statuses": ["400"]},
    # Bytes are told by what they are; some kinds are not taken.
    {"include-operation-id": ["uploadFile"], "statuses": ["415", "422"]},
)
_OF_SOCKETS = frozenset({"max_redirects", "verify", "cert", "proxies"})
_ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "410", "429", "5xx"]


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a campaign goes on: cases of each operation, walks along links, seconds in all."""

    examples: int
    walks: int
    seed: int
    max_s: int | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """Keys by identity, and what is there to name: values by parameter (`path.workflow_id`)."""

    keys: dict[str, str]
    known: dict[str, list[str | int]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that failed, and the request that showed it."""

    check: str
    operation: str
    message: str
    request: str

    def __str__(self) -> str:
        return f"{self.check} · {self.operation}\n{self.message}\n{self.request}\n"


@dataclass(slots=True)
class Report:
    """What was done and what was found."""

    operations: set[str] = field(default_factory=set)
    cases: Counter[str] = field(default_factory=Counter)  # by phase
    answers: Counter[int] = field(default_factory=Counter)  # by status
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{len(self.operations)} operations, {self.cases.total()} cases "
            f"({', '.join(f'{name} {many}' for name, many in sorted(self.cases.items()))}), "
            f"{len(self.findings)} failures, {len(self.errors)} errors; answers "
            f"{', '.join(f'{status}: {many}' for status, many in sorted(self.answers.items()))}"
        )


def run_campaign(stage: Stage, budget: Budget, folder: Path) -> Report:
    """Send what `budget` allows as `OURS`; `folder` takes the file of keys."""
    schema = schemathesis.openapi.from_wsgi(
        DOCUMENT, _from_many_addresses, config=_config(stage, budget, folder)
    )
    report = Report()
    with patch.object(WSGITransport, "send", _send_in_process):
        for event in from_schema(schema).execute():
            _note(report, event)
    _platform.submit(connections.close_all).result()
    return report


@schemathesis.check
def stranger_finds_nothing(ctx: CheckContext, response: Response, case: Case) -> None:
    """Send what was answered once more with a stranger's key: nothing of it is there."""
    if case.method == "OPTIONS" or not 200 <= response.status_code < 300:
        return
    if not _names_something(case):
        return
    key = _stranger_key(case)
    again = case.call(headers={"Authorization": f"Bearer {key}"})
    if again.status_code not in (404, 401, 429):
        raise AssertionError(
            f"{case.method} {case.formatted_path} was {response.status_code} for its owner and "
            f"{again.status_code} for a stranger"
        )


def _names_something(case: Case) -> bool:
    return any(
        is_id(str(value), str(value).partition("_")[0]) for value in case.path_parameters.values()
    )


def _stranger_key(case: Case) -> str:
    path = case.operation.schema.config.auth.wfc.path
    entries = json.loads(Path(path).read_text("utf-8"))["auth"]
    headers = {entry["name"]: entry["fixedHeaders"][0]["value"] for entry in entries}
    return str(headers[THEIRS]).removeprefix("Bearer ")


def _config(stage: Stage, budget: Budget, folder: Path) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": budget.seed,
            **({"max-time": budget.max_s} if budget.max_s else {}),
            "continue-on-failure": True,
            "output": {"sanitization": {"enabled": False}},  # the keys are of this run alone
            "auth": {
                "wfc": {
                    "path": _write_keys(stage.keys, folder),
                    "user": OURS,
                    "peers": [OURS, THEIRS],
                }
            },
            "checks": {"enabled": True, "max_response_time": MAX_RESPONSE_S},
            "generation": {
                "max-examples": budget.examples,
                "deterministic": True,
                "no-shrink": True,
                "database": "none",
            },
            "phases": {
                "examples": {"fill-missing": True},
                "coverage": {"generate-duplicate-query-parameters": True},
                "stateful": {"generation": {"max-examples": budget.walks}},
            },
            "operations": [_meaning(entry) for entry in MEANING],
            "dictionaries": {
                _name(place): {"values": values} for place, values in stage.known.items()
            },
            "parameters": {
                place: {"dictionary": _name(place), "probability": 0.7} for place in stage.known
            },
        }
    )


def _name(place: str) -> str:
    return place.replace(".", "_")


def _meaning(entry: dict[str, Any]) -> dict[str, Any]:
    accepted = {"expected-statuses": [*_ACCEPTED, *entry["statuses"]]}
    return {
        "include-operation-id": entry["include-operation-id"],
        "checks": {"positive_data_acceptance": accepted},
    }


def _write_keys(keys: dict[str, str], folder: Path) -> str:
    entries = [
        {
            "name": name,
            "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {secret}"}],
        }
        for name, secret in keys.items()
    ]
    path = folder / "keys.json"
    path.write_text(json.dumps({"auth": entries}), "utf-8")
    return str(path)


_send = WSGITransport.send


def _send_in_process(transport: WSGITransport, case: Case, **options: Any) -> Response:
    """Send without the settings of sockets, over which schemathesis 4.32 trips in its probes."""
    if "session" not in options:
        options = {name: value for name, value in options.items() if name not in _OF_SOCKETS}
    return _send(transport, case, **options)


# One thread does what a server would: those of schemathesis come and go with their connections.
_platform = ThreadPoolExecutor(1)
_addresses, _requests = count(1), count(1)


def _from_many_addresses(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer as if each request came from another place: limits by address have tests of their own."""
    number = next(_addresses) % (1 << 24)
    environ["REMOTE_ADDR"] = f"11.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    return _platform.submit(application, environ, start_response).result()


@schemathesis.hook("before_call")
def _make_unique(context: object, case: Case, kwargs: object) -> None:
    """Send each request under an `Idempotency-Key` of its own, where it was given ours."""
    if case.headers.get(IDEMPOTENCY_KEY) == ANY_KEY:
        case.headers[IDEMPOTENCY_KEY] = f"{ANY_KEY}-{next(_requests)}"


@schemathesis.hook("after_call")
def _perform_runs(context: object, case: Case, response: Response) -> None:
    if case.method == "POST" and response.status_code in (200, 202):
        _platform.submit(run_all).result()


def _note(report: Report, event: events.EngineEvent) -> None:
    if isinstance(event, events.ScenarioFinished):
        report.cases[event.phase.value] += len(event.recorder.cases)
        for finding in _findings(event.recorder):
            report.findings.setdefault((finding.check, finding.operation, finding.message), finding)
        for interaction in event.recorder.interactions.values():
            if interaction.response is not None:
                report.answers[interaction.response.status_code] += 1
        report.operations.update(
            node.value.operation.label for node in event.recorder.cases.values()
        )
    elif isinstance(event, events.NonFatalError):
        report.errors.append(f"{event.label}: {event.info.title} {event.info.message}"[:2_000])
    elif isinstance(event, events.FatalError):
        raise event.exception


def _findings(recorder: ScenarioRecorder) -> Iterator[Finding]:
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.status == Status.FAILURE and check.failure_info is not None:
                failure, case = check.failure_info.failure, recorder.cases[case_id].value
                yield Finding(
                    check.name,
                    case.operation.label,
                    f"{failure.title}: {failure.message}\n{_origin(case)}"[:2_000],
                    check.failure_info.code_sample[:4_000],
                )


def _origin(case: Case) -> str:
    """Say which idea of schemathesis a case is."""
    return "" if case.meta is None else str(case.meta.phase)
