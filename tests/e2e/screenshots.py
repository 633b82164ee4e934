"""Pictures of every page, light and dark, narrow and wide: `python -m tests.e2e.screenshots FOLDER`.

For a person to look at. It starts a server of its own; `PATHS…` after the folder choose some pages.
"""

import argparse
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.axe import STILL
from tests.e2e.browser import CHROMIUM, LAUNCH
from tests.e2e.people import sign_in
from tests.e2e.routes import MISSING, PUBLIC, member_paths
from tests.e2e.server import Site, running_site

WIDTHS = (360, 1280)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TALLEST_PX = 4_000  # a reference of all models is longer than anybody looks at


def main() -> None:
    """Take the pictures and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("paths", nargs="*", help="only these paths")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        running_site(Path(data)) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=LAUNCH)
        taken = take_all(browser, site, chosen.folder, only=set(chosen.paths))
        browser.close()
    print(f"{taken} pictures in {chosen.folder}")  # noqa: T201 - a command of its own


def take_all(browser: Browser, site: Site, folder: Path, *, only: set[str]) -> int:
    """Photograph what a visitor and what the demo's owner sees; return how many pictures."""
    visitor = browser.new_context(base_url=site.url)
    taken = take(visitor.new_page(), _of(only, (*PUBLIC, *MISSING)), folder, "visitor")
    visitor.close()
    member = browser.new_context(base_url=site.url)
    page = member.new_page()
    sign_in(page, site.demo["email"], site.demo["password"])
    taken += take(page, _of(only, member_paths(site.demo)), folder, "member")
    member.close()
    return taken


def take(page: Page, paths: Iterable[str], folder: Path, who: str) -> int:
    """Photograph each path in both themes at both widths."""
    taken = 0
    for path in paths:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path)
            page.evaluate(STILL)
            _load_pictures(page)
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                _shoot(page, folder / f"{who}-{_name(path)}-{width}-{theme}.png", width)
                taken += 1
    return taken


def _load_pictures(page: Page) -> None:
    """Walk down the page, as pictures load when they come near."""
    page.evaluate(
        """async () => {
            for (const image of document.images) image.loading = "eager";
            await Promise.allSettled([...document.images].map((image) => image.decode()));
            await document.fonts.ready;
        }"""
    )


def _shoot(page: Page, path: Path, width: int) -> None:
    tall: Any = page.evaluate("document.documentElement.scrollHeight")
    clip: Any = {"x": 0, "y": 0, "width": width, "height": min(tall, TALLEST_PX)}
    page.screenshot(path=path, clip=clip, full_page=True)


def _of(only: set[str], paths: Iterable[str]) -> list[str]:
    return [path for path in paths if not only or path in only]


def _name(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "home"


if __name__ == "__main__":
    main()
