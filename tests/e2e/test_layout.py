"""Pages fit, can be hit and can be walked: reflow, text spacing, target sizes, tab order."""

from collections.abc import Iterable

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import MakePage
from tests.e2e.playground import open_playground
from tests.e2e.routes import LOCAL, MISSING, PUBLIC, member_paths
from tests.e2e.server import Site
from tests.e2e.watch import Watch

# 320 px, and 200 % of a 1280 px screen: what somebody sees who needs large print (WCAG 1.4.10).
WIDTHS = (320, 640)

TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

# WCAG 1.4.12: what a reader may set, without losing any text.
SPACING = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
        word-spacing: 0.16em !important } p { margin-block-end: 2em !important }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""

CUT_OFF = """() => [...document.querySelectorAll(
        "h1, h2, h3, p, li, label, .btn, .badge, .chip, th, td")]
    .filter((one) => {
        const style = getComputedStyle(one);
        const clips = style.overflowX === "hidden" || style.overflowX === "clip";
        return clips && one.clientWidth > 2 && style.textOverflow !== "ellipsis" && one.offsetParent
            && one.scrollWidth > one.clientWidth + 1 && !one.classList.contains("sr-only");
    })
    .map((one) => `${one.tagName} ${one.className}: ${one.textContent.trim().slice(0, 60)}`)"""

# WCAG 2.5.8: 24 × 24 px, but for links within a line of text, and what its label or its wrapper
# makes larger. A link that covers a card counts as large as the card.
SMALL = """() => {
    const seen = [...document.querySelectorAll(
        "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=tab]")];
    const sizeOf = (one) => {
        const boxes = [one, ...(one.labels ?? [])].map((each) => each.getBoundingClientRect());
        const over = getComputedStyle(one, "::after");
        const width = Math.max(...boxes.map((box) => box.width));
        const height = Math.max(...boxes.map((box) => box.height));
        const grown = over.content !== "none" && over.position === "absolute"
            ? [parseFloat(over.width) || 0, parseFloat(over.height) || 0] : [0, 0];
        return [Math.max(width, grown[0]), Math.max(height, grown[1])];
    };
    const inText = (one) => getComputedStyle(one).display === "inline"
        && [...one.parentElement.childNodes].some(
            (node) => node.nodeType === 3 && node.textContent.trim().length > 1);
    return seen
        .filter((one) => one.checkVisibility({visibilityProperty: true}))
        .filter((one) => !one.closest(".sr-only, .skip-link") && !one.matches(".sr-only, .skip-link"))
        .filter((one) => !inText(one))
        .map((one) => [one, ...sizeOf(one)])
        .filter(([, width, height]) => width > 1 && (width < 23.5 || height < 23.5))
        .map(([one, width, height]) => `${one.tagName.toLowerCase()}.${one.className}`
            + ` "${(one.innerText || one.ariaLabel || one.name || "").trim().slice(0, 30)}"`
            + ` ${Math.round(width)}×${Math.round(height)}`);
}"""

WHERE = """() => {
    const one = document.activeElement;
    const name = one?.closest("header.site-header, .site-header") ? "header"
        : one?.closest("aside.sidebar, .sidebar") ? "sidebar"
        : one?.closest("main") ? "main" : one?.closest("footer") ? "footer" : "other";
    return one?.classList.contains("skip-link") ? "skip link" : one === document.body ? "body" : name;
}"""


@pytest.fixture
def visitor(new_page: MakePage, watch: Watch) -> Page:
    """A visitor's page that may also ask for what is missing."""
    watch.expected = ("404",)
    return new_page()


def test_g_22_no_public_page_scrolls_sideways(visitor: Page) -> None:
    assert _too_wide(visitor, (*PUBLIC, *MISSING)) == []


def test_g_22_no_page_of_a_member_scrolls_sideways(member_page: Page, site: Site) -> None:
    assert _too_wide(member_page, member_paths(site.demo)) == []


def test_g_23_every_target_of_a_public_page_can_be_hit(visitor: Page) -> None:
    assert _small_targets(visitor, (*PUBLIC, *MISSING)) == []


def test_g_23_every_target_of_a_members_page_can_be_hit(member_page: Page, site: Site) -> None:
    assert _small_targets(member_page, member_paths(site.demo)) == []


@pytest.mark.parametrize("path", ["/", "/templates", f"/templates/{LOCAL}", "/accounts/login/"])
def test_g_24_tab_goes_from_the_skip_link_over_the_header_to_the_main_part(
    page: Page, path: str
) -> None:
    page.goto(path)

    places = _tab_through(page, 400)

    order = list(dict.fromkeys(places))
    assert order[:3] == ["skip link", "header", "main"]
    assert "footer" in order  # nothing on the way holds the focus


def test_g_24_the_skip_link_leads_into_the_main_part(page: Page) -> None:
    page.goto("/templates")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate(WHERE) == "main"


def test_g_24_the_playground_holds_no_focus(member_page: Page) -> None:
    open_playground(member_page)

    places = _tab_through(member_page, 120)

    assert list(dict.fromkeys(places))[:3] == ["skip link", "header", "main"]
    assert "footer" in places


def _tab_through(page: Page, most: int) -> list[str]:
    """Press Tab until the footer or `most` times; return where the focus was each time."""
    places: list[str] = []
    while len(places) < most and "footer" not in places:
        page.keyboard.press("Tab")
        places.append(page.evaluate(WHERE))
    return places


def _too_wide(page: Page, paths: Iterable[str]) -> list[str]:
    found = []
    for path in paths:
        page.goto(path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            found += [f"{path} at {width}: {by} px" for by in [page.evaluate(TOO_WIDE)] if by > 0]
        page.evaluate(SPACING)
        by = page.evaluate(TOO_WIDE)
        found += [f"{path} spaced: {by} px"] if by > 0 else []
        found += [f"{path} spaced: {text}" for text in page.evaluate(CUT_OFF)]
    return found


def _small_targets(page: Page, paths: Iterable[str]) -> list[str]:
    found = []
    for path in paths:
        page.goto(path)
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            found += [f"{path} at {width}: {text}" for text in page.evaluate(SMALL)]
    return found
