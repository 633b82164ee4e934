"""A thousand templates, and pages of them for a visitor and for a member (P13)."""

import json
import time
from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from benchmarks.graphs import text
from templates_gallery.api import CATEGORIES, load_library
from templates_gallery.types import Example, LibraryTemplate

TEMPLATES = 1_000
REPEATS = 5
PATHS = {
    "gallery": "/templates",
    "gallery, page 20": "/templates?page=20",
    "search": "/templates?q=shout+12",
    "filters": "/templates?category=video&tag=loud&max_credits=10&sort=new",
    "shelf": "/templates/c/video",
    "template": "/templates/shout-500",
}


def main(rounds: str) -> None:
    """Print how long loading took, milliseconds and statements of each page, and those of a bare one."""
    began = time.perf_counter()
    load_library([_template(number) for number in range(TEMPLATES)])
    loaded_s = time.perf_counter() - began
    visitor, member = Client(SERVER_NAME="127.0.0.1"), Client(SERVER_NAME="127.0.0.1")
    member.force_login(User.objects.order_by("pk")[0])
    pages = {name: _page(visitor, path) for name, path in PATHS.items()}
    pages |= {f"{name}, signed in": _page(member, PATHS[name]) for name in ("gallery", "template")}
    pages["bare"] = _page(visitor, "/docs/errors")
    figures: dict[str, list[float]] = {name: [] for name in pages}
    for page in pages.values():
        page()
    for _ in range(int(rounds) * REPEATS):
        for name, page in pages.items():
            figures[name].append(_ms(page))
    statements = {name: _statements(page) for name, page in pages.items() if name != "bare"}
    print(json.dumps({"loadedS": loaded_s, "ms": figures, "statements": statements}), flush=True)


def _template(number: int) -> LibraryTemplate:
    return LibraryTemplate(
        slug=f"shout-{number}",
        category=CATEGORIES[number % len(CATEGORIES)].key,
        title=f"Shout number {number}",
        description="Turns a text into capitals, for notes that must be read.",
        readme="Write, run, read.",
        audience="Writers in a hurry",
        tags=("text", "loud" if number % 3 else "calm"),
        author="Pixelflow",
        licence="CC0-1.0",
        is_featured=number % 20 == 0,
        position=number % 50,
        graph=text(),
        examples=(Example("Hello", {"text": "hello"}, {"text": "HELLO"}, is_simulated=False),),
        digest=f"{number:064d}",
    )


def _page(browser: Client, path: str) -> Callable[[], None]:
    def look() -> None:
        response = browser.get(path)
        if response.status_code != 200:
            raise RuntimeError(f"{path}: {response.status_code}")

    return look


def _ms(page: Callable[[], None]) -> float:
    began = time.perf_counter()
    page()
    return (time.perf_counter() - began) * 1_000


def _statements(page: Callable[[], None]) -> int:
    with CaptureQueriesContext(connection) as found:
        page()
    return len(found)
