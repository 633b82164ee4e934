"""What is refused says why and what to do next: 402, 429, 5xx, 404, 403 (UI.md 6, G-35)."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.playground import open_playground, run_button
from tests.e2e.routes import PAID
from tests.e2e.watch import Watch

# Starts runs as the page does until one is refused for the rate; returns the last status.
EXHAUST = """async () => {
    const boot = JSON.parse(document.getElementById("boot").textContent);
    let status = 0;
    for (let count = 0; count < 15 && status !== 429; count += 1) {
        const answer = await fetch(boot.urls.runs, {
            method: "POST",
            headers: {"Content-Type": "application/json", [boot.csrf.header]: boot.csrf.token},
            body: JSON.stringify({
                workspace: boot.workspace.id, template: boot.subject.slug,
                inputs: boot.examples[0].inputs, mode: "live",
            }),
        });
        status = answer.status;
    }
    return status;
}"""


def test_g_35_a_run_without_credits_says_what_is_missing_and_where_to_get_it(
    newcomer_page: Page, watch: Watch
) -> None:
    watch.expected = ("402",)
    open_playground(newcomer_page, f"/templates/{PAID}/run")

    run_button(newcomer_page).click()

    card = newcomer_page.get_by_role("alert").filter(has_text="Not enough credits")
    expect(card).to_be_visible()
    expect(card.get_by_role("table")).to_contain_text("Balance")
    expect(card.get_by_role("link", name="Top up")).to_have_attribute(
        "href", re.compile(r"^/billing\?workspace=ws_")
    )
    card.get_by_role("button", name="Run in test mode").click()
    expect(newcomer_page.get_by_role("button", name="Share result")).to_be_visible(timeout=30_000)


def test_g_35_too_many_runs_count_down_and_offer_to_run_by_themselves(
    newcomer_page: Page, watch: Watch
) -> None:
    watch.expected = ("429",)
    open_playground(newcomer_page, "/templates/slug-maker/run")
    assert newcomer_page.evaluate(EXHAUST) == 429

    run_button(newcomer_page).click()

    card = newcomer_page.get_by_role("alert").filter(has_text="There is room again in")
    expect(card).to_be_visible()
    card.get_by_role("button", name="Run when there is room").click()
    expect(card.get_by_role("button", name="Runs by itself")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_g_35_a_server_that_fails_can_be_asked_again(newcomer_page: Page, watch: Watch) -> None:
    watch.expected = ("503",)
    page = newcomer_page
    open_playground(page)
    page.route(
        "**/api/studio/playground/runs",
        lambda route: route.fulfill(status=503, body="<html>upstream</html>"),
    )
    run_button(page).click()
    card = page.get_by_role("alert").filter(has_text="503")
    expect(card).to_be_visible()

    page.unroute("**/api/studio/playground/runs")
    card.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("button", name="Share result")).to_be_visible(timeout=30_000)


def test_g_35_a_connection_that_is_gone_is_told_and_loses_nothing(
    newcomer_page: Page, watch: Watch
) -> None:
    watch.expected = ("ERR_INTERNET_DISCONNECTED",)
    page = newcomer_page
    open_playground(page)
    page.get_by_label("Quote", exact=False).first.fill("Kept.")
    page.context.set_offline(True)

    run_button(page).click()

    card = page.get_by_role("alert").filter(has_text="cannot be reached")
    expect(card.get_by_role("button", name="Try again")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_label("Quote", exact=False).first).to_have_value("Kept.")


def test_g_35_a_page_that_is_not_there_offers_a_search(page: Page, watch: Watch) -> None:
    watch.expected = ("404",)
    page.goto("/nothing-here")

    page.locator("#error-q").fill("quote")
    page.locator("main").get_by_role("button", name="Search").click()

    expect(page).to_have_url(re.compile(r"/templates\?q=quote"))


def test_g_35_a_form_that_has_expired_says_so(page: Page, watch: Watch) -> None:
    watch.expected = ("403",)
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").fill("a@example.org")
    page.locator("input[type=password]").first.fill("whatever it is")
    page.context.clear_cookies()

    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("This form has expired")
    expect(page.locator("main")).to_contain_text("reload the page")
