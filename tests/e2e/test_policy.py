"""No page lets in what is not ours: policy in the header, silence in the console (G-30, G-31)."""

import gzip
import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.e2e.conftest import MakePage
from tests.e2e.routes import MISSING, PUBLIC, member_paths
from tests.e2e.server import ROOT, Site
from tests.e2e.watch import Watch

DIST = ROOT / "frontend" / "dist"
KB = 1024
# UI.md 3.6, compressed.
BUDGETS = {
    "src/site/main.ts": 48 * KB,
    "src/playground/main.tsx": 150 * KB,
}
CSS_BUDGET, FONT_BUDGET = 30 * KB, 60 * KB


def test_g_31_every_page_has_a_strict_policy_and_a_silent_console(
    new_page: MakePage, signed_in_state: Any, watch: Watch, site: Site
) -> None:
    watch.expected = ("404",)
    visitor, member = new_page(), new_page(storage_state=signed_in_state)

    loose = _loose(visitor, (*PUBLIC, *MISSING)) + _loose(member, member_paths(site.demo))

    assert loose == []
    assert watch.found() == []


def test_g_30_bundles_keep_within_their_budgets() -> None:
    manifest: dict[str, Any] = json.loads((DIST / "manifest.json").read_text())

    for entry, budget in BUDGETS.items():
        chunks = _chunks(manifest, entry)
        scripts = sum(_compressed(manifest[name]["file"]) for name in chunks)
        styles = {file for name in chunks for file in manifest[name].get("css", [])}

        assert scripts <= budget, f"{entry}: {scripts / KB:.1f} KB"
        assert sum(map(_compressed, styles)) <= CSS_BUDGET, entry


def test_g_30_what_a_page_loads_of_fonts_keeps_within_its_budget(page: Page) -> None:
    sizes: list[int] = []
    page.on(
        "response",
        lambda answer: sizes.append(len(answer.body())) if answer.url.endswith(".woff2") else None,
    )

    page.goto("/", wait_until="networkidle")

    assert sizes
    assert sum(sizes) <= FONT_BUDGET


def _loose(page: Page, paths: tuple[str, ...]) -> list[str]:
    found = []
    for path in paths:
        answer = page.goto(path)
        assert answer is not None
        policy = answer.headers.get("content-security-policy", "")
        rules = {part.split()[0]: part for part in policy.split(";") if part.strip()}
        found += [
            f"{path}: {rules.get(name)}"
            for name in ("script-src", "style-src")
            if "'nonce-" not in rules.get(name, "") or "unsafe" in rules.get(name, "")
        ]
        if "base-uri" not in rules or "object-src" not in rules or "frame-ancestors" not in rules:
            found.append(f"{path}: {policy}")
    return found


def _chunks(manifest: dict[str, Any], name: str) -> set[str]:
    """Return an entry and all that it imports at once; what it imports later is not counted."""
    found = {name}
    for other in manifest[name].get("imports", []):
        found |= _chunks(manifest, other)
    return found


def _compressed(file: str) -> int:
    return len(gzip.compress(Path(DIST / file).read_bytes(), 9))
