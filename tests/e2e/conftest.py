"""One server for all tests of a process, Debian's Chromium, and a watch over every page's console."""

import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.browser import CHROMIUM, LAUNCH
from tests.e2e.people import new_address, sign_in, sign_up
from tests.e2e.server import Site, running_site
from tests.e2e.watch import Watch

MakePage = Callable[..., Page]

# Whose models are to be had, so that a run of theirs is refused for want of credits alone. No test
# has any credits, so nobody is ever asked.
PROVIDERS = ("OPENAI", "GOOGLE", "FAL")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Chromium these tests are skipped, or fail where everything is required."""
    if CHROMIUM or os.environ.get("REQUIRE_SERVICES") == "1":
        return
    reason = "there is no Chromium: `apt-get install chromium`, or TEST_CHROMIUM names one"
    for item in items:
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def _flush_over_triggers() -> None:
    """No database of the tests' own here: the server has one."""


@pytest.fixture(scope="session", autouse=True)
def _no_session_left() -> None:
    """The same."""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start Debian's Chromium."""
    return {"executable_path": CHROMIUM, "args": list(LAUNCH)}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The embedded platform with its demo workspace and the library's templates."""
    folder = tmp_path_factory.mktemp("site")
    keys = {f"{name}_API_KEY": "of-nobody" for name in PROVIDERS}
    with running_site(folder, TRUSTED_PROXIES="127.0.0.1,::1", **keys) as running:
        yield running


@pytest.fixture(scope="session")
def base_url(site: Site) -> str:
    """Where `page.goto("/templates")` goes."""
    return site.url


def from_somewhere() -> dict[str, str]:
    """Return headers of a client address of its own: guards count sign-ins by address."""
    tail = ".".join(str(secrets.randbelow(254) + 1) for _ in range(3))
    return {"X-Forwarded-For": f"10.{tail}"}


@pytest.fixture
def browser_context_args(site: Site) -> dict[str, Any]:
    """The default context: each test comes from an address of its own."""
    return {"base_url": site.url, "extra_http_headers": from_somewhere()}


@pytest.fixture
def watch(site: Site) -> Watch:
    """The watch of this test; set `expected` where it brings about errors on purpose."""
    return Watch(urlsplit(site.url).netloc)


@pytest.fixture
def context(context: BrowserContext, watch: Watch) -> Iterator[BrowserContext]:
    """A browser context in which no page may log an error or ask anybody else (G-30, G-31)."""
    context.on("page", watch.follow)
    yield context
    assert watch.found() == []


@pytest.fixture
def new_page(browser: Browser, site: Site, watch: Watch) -> Iterator[MakePage]:
    """Make pages of other browsers: `new_page(storage_state=…, java_script_enabled=False)`."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> Page:
        given = {"base_url": site.url, "extra_http_headers": from_somewhere(), **options}
        contexts.append(browser.new_context(**given))
        contexts[-1].on("page", watch.follow)
        return contexts[-1].new_page()

    yield make
    for context in contexts:
        context.close()
    assert watch.found() == []


@pytest.fixture(scope="session")
def signed_in_state(browser: Browser, site: Site) -> Any:
    """The cookies of the demo's owner: one sign-in for all tests."""
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    sign_in(page, site.demo["email"], site.demo["password"])
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def member_page(new_page: MakePage, signed_in_state: Any) -> Page:
    """A page of the demo's owner, signed in."""
    return new_page(storage_state=signed_in_state)


@pytest.fixture
def newcomer_page(new_page: MakePage) -> Page:
    """A page of somebody who has just signed up: whose runs no other test counts."""
    page = new_page()
    sign_up(page, new_address())
    return page
