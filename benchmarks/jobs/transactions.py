"""Bare transactions of Django's ORM, each one INSERT and one UPDATE, one after the other (P3)."""

import json
import time

from django.db import transaction

from benchmarks.bare.models import BareRow
from common.clock import utc_now


def main(count: str) -> None:
    """Print transactions a second and the CPU of each."""
    _transact()
    cpu_s, began = time.process_time(), time.perf_counter()
    for _ in range(int(count)):
        _transact()
    seconds, used_s = time.perf_counter() - began, time.process_time() - cpu_s
    print(
        json.dumps({"perS": int(count) / seconds, "cpuMs": used_s / int(count) * 1_000}), flush=True
    )


def _transact() -> None:
    with transaction.atomic():
        row = BareRow.objects.create(body="word", created_at=utc_now())
        BareRow.objects.filter(pk=row.pk).update(updated_at=utc_now())
