"""axe-core in a page: what it finds, as lines that say where (UI.md 6, G-19)."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

SCRIPT = Path(__file__).resolve().parents[2] / "frontend/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A theme changes colours and nothing else, so in the second one only these rules can find more.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
# A reference of 600 entries that are made by one template: the first ones stand for all of them.
ENTRIES = 6

# Colours that are on their way from one theme to the other are none of the page's.
STILL = """() => {
    if (window.isStill) return;
    window.isStill = true;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("*, *::before, *::after {"
        + " transition: none !important; animation: none !important }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""

RUN = """async ({tags, rules, entries}) => {
    for (const list of document.querySelectorAll("tbody, main ul, main ol"))
        [...list.children].slice(entries).forEach((entry) => entry.remove());
    const options = {resultTypes: ["violations"]};
    options.runOnly = rules
        ? {type: "rule", values: rules}
        : {type: "tag", values: tags};
    const found = await axe.run(document, options);
    return found.violations.map((rule) => {
        const first = rule.nodes[0];
        return `${rule.id} ×${rule.nodes.length}: ${first.target.join(" ")}`
            + ` (${first.failureSummary.split("\\n").slice(1).join("; ").trim()})`;
    });
}"""


@cache
def _source() -> str:
    return SCRIPT.read_text()


def violations(page: Page, *, colours_only: bool = False) -> list[str]:
    """Return the broken rules, each with the first place; the context must have `bypass_csp`."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    page.evaluate(STILL)
    options = {
        "tags": TAGS,
        "rules": COLOUR_RULES if colours_only else None,
        "entries": ENTRIES,
    }
    found: list[str] = page.evaluate(RUN, options)
    return found


def violations_everywhere(page: Page, *, widths: tuple[int, ...] = (1280, 360)) -> list[str]:
    """Return what axe finds in the page as it stands: both widths, light and dark."""
    found = []
    page.evaluate(STILL)
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        found += [f"{width} light: {line}" for line in violations(page)]
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        found += [f"{width} dark: {line}" for line in violations(page, colours_only=True)]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found
