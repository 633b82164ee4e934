"""The playground, as a test uses it."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.routes import LOCAL

RESULT_MS = 30_000


def open_playground(page: Page, path: str = f"/templates/{LOCAL}/run") -> None:
    """Go there and wait until the form is the live one."""
    page.goto(path)
    expect(page.locator(".pg")).to_be_visible()


def run_button(page: Page) -> Locator:
    """Return the button that runs, whatever it costs and however it is called by now."""
    return page.locator("button.pg-run")


def expect_result(page: Page) -> None:
    """Wait until a run of this session is done and its results are shown."""
    expect(page.get_by_role("button", name="Share result")).to_be_visible(timeout=RESULT_MS)
