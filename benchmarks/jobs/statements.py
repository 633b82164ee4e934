"""Statements and commits of one warm execute and one warm poll, by Django's test client (P6, P7)."""

import json
import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.jobs.access import Access
from executor.models import Task
from executor.runtime.perform import Performer

_CONTROL = re.compile(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)", re.IGNORECASE)
_WRITE = re.compile(r"(INSERT|UPDATE|DELETE)", re.IGNORECASE)


def main() -> None:
    """Print, by call, the statements' texts and how many commits they made."""
    access, client = Access(), Client(SERVER_NAME="127.0.0.1")
    headers = {"Authorization": f"Bearer {access.ids['key']}"}
    path = f"/api/v1/workflows/{access.ids['paid']}/execute"

    def execute(once: str) -> str:
        answer = client.post(
            path, {"inputs": {"text": "word"}}, content_type="application/json",
            headers={**headers, "Idempotency-Key": once},
        )  # fmt: skip
        if answer.status_code != 202:
            raise RuntimeError(f"execute answered {answer.status_code}: {answer.content!r}")
        return str(answer.json()["pollUrl"])

    def poll(url: str) -> None:
        answer = client.get(url, headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"poll answered {answer.status_code}: {answer.content!r}")

    poll(execute("warm"))
    with CaptureQueriesContext(connection) as executing:
        url = execute("measured")
    with CaptureQueriesContext(connection) as polling:
        poll(url)
    execution = url.split("/")[-2]
    Performer("bench").perform(Task.objects.get(execution_id=execution).pk)
    with CaptureQueriesContext(connection) as polling_final:
        poll(url)
    contexts = {"execute": executing, "poll": polling, "pollFinal": polling_final}
    print(json.dumps({name: _summary(found) for name, found in contexts.items()}), flush=True)


def _summary(found: CaptureQueriesContext) -> dict[str, object]:
    texts = [query["sql"] for query in found.captured_queries]
    statements = [text for text in texts if not _CONTROL.match(text)]
    return {"statements": statements, "commits": _count_commits(texts)}


def _count_commits(texts: list[str]) -> int:
    """Count transactions that were committed, and writes outside of one."""
    commits, is_open = 0, False
    for text in texts:
        if text.upper().startswith("BEGIN"):
            is_open = True
        elif text.upper().startswith("COMMIT"):
            commits, is_open = commits + 1, False
        elif _WRITE.match(text) and not is_open:
            commits += 1
    return commits
