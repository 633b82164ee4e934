"""Every list has its designed states: loading, empty, nothing found, failed, stale (G-36)."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import MakePage
from tests.e2e.server import Site, running_site
from tests.e2e.watch import Watch


@pytest.fixture(scope="module")
def debug_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with `DEBUG`, where the page of all states is."""
    with running_site(tmp_path_factory.mktemp("debug"), DEBUG="true") as running:
        yield running


def test_g_36_the_page_of_states_shows_all_five(
    debug_site: Site, new_page: MakePage, watch: Watch
) -> None:
    watch.host = urlsplit(debug_site.url).netloc
    page = new_page(base_url=debug_site.url)

    page.goto("/dev/states")

    lists = page.locator("#lists")
    for state in ("Loading", "Empty, first time", "Empty, filtered", "Error", "Partial"):
        expect(lists.get_by_role("heading", name=state, exact=True)).to_be_visible()


def test_g_36_the_page_of_states_is_for_developers_alone(page: Page, watch: Watch) -> None:
    watch.expected = ("404",)

    answer = page.goto("/dev/states")

    assert answer is not None
    assert answer.status == 404


def test_g_36_a_gallery_without_a_hit_offers_a_way_on(page: Page) -> None:
    page.goto("/templates?q=zzqqxxyy")

    expect(page.locator("#results-title")).to_contain_text("0 templates")
    page.locator("main .empty, .gallery-results").get_by_role("link").first.click()
    expect(page.locator("#cards > li").first).to_be_visible()


def test_g_36_workflows_have_a_first_and_a_filtered_emptiness(
    newcomer_page: Page, member_page: Page
) -> None:
    newcomer_page.goto("/workflows")
    first = newcomer_page.locator(".empty")
    expect(first).to_contain_text("No workflows yet")
    expect(first.get_by_role("link", name="Browse templates")).to_be_visible()

    member_page.goto("/workflows?q=zzqqxxyy")
    filtered = member_page.locator(".empty")
    expect(filtered).to_be_visible()
    filtered.get_by_role("link").first.click()
    expect(member_page.get_by_role("link", name="Photo card").first).to_be_visible()
