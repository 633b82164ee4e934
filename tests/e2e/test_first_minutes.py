"""How far it is from the start page to a result: clicks and seconds (UI.md 6, G-01 to G-03)."""

import time

from playwright.sync_api import Page, expect

from tests.e2e.clicks import Clicks
from tests.e2e.people import fill_sign_up, new_address
from tests.e2e.playground import expect_result, open_playground, run_button
from tests.e2e.routes import LOCAL


def test_g_01_an_example_result_is_two_clicks_and_three_seconds_from_the_start(page: Page) -> None:
    clicks = Clicks()
    page.goto("/")
    begun = time.monotonic()

    clicks.on(page.locator(".template-card .card-link").first)
    picture = page.locator(".template-top img, .template-top video").first
    expect(picture).to_be_visible()
    page.wait_for_function(
        """() => [...document.querySelectorAll(".template-top img")].some(
            (image) => image.complete && image.naturalWidth > 100)"""
    )

    assert clicks.count <= 2
    assert time.monotonic() - begun <= 3


def test_g_02_a_newcomer_has_a_result_of_their_own_in_six_clicks_and_ninety_seconds(
    page: Page,
) -> None:
    clicks = Clicks()
    begun = time.monotonic()
    page.goto("/")

    clicks.on(page.get_by_role("link", name="Browse templates"))
    card = page.locator(".template-card", has=page.locator(f'a[href="/templates/{LOCAL}"]'))
    card.hover()
    clicks.on(card.get_by_role("link", name="Run"))
    page.get_by_label("Quote", exact=False).first.fill("Made by a newcomer.")
    clicks.on(run_button(page))
    clicks.on(page.get_by_role("link", name="Create account"))
    fill_sign_up(page, new_address())
    clicks.on(page.get_by_role("button", name="Create account"))
    expect(page.locator(".pg")).to_be_visible()
    expect(page.get_by_label("Quote", exact=False).first).to_have_value("Made by a newcomer.")
    expect(run_button(page)).to_be_focused()
    clicks.on(run_button(page))
    expect_result(page)

    assert clicks.count <= 6
    assert time.monotonic() - begun <= 90


def test_g_03_somebody_signed_in_runs_a_card_with_changed_words_in_three_clicks(
    member_page: Page,
) -> None:
    clicks = Clicks()
    member_page.goto("/templates")

    card = member_page.locator(
        ".template-card", has=member_page.locator(f'a[href="/templates/{LOCAL}"]')
    )
    card.hover()
    clicks.on(card.get_by_role("link", name="Run"))
    member_page.get_by_label("Quote", exact=False).first.fill("Changed in a test.")
    clicks.on(run_button(member_page))
    expect_result(member_page)

    assert clicks.count <= 3


def test_g_33_the_playground_shows_each_step_while_it_runs(newcomer_page: Page) -> None:
    page = newcomer_page
    open_playground(page)
    page.get_by_label("Quote", exact=False).first.fill("Live.")
    page.evaluate(
        """() => {
            window.seen = [];
            new MutationObserver(() => {
                window.seen.push(document.querySelector(".pg-outputs").innerText);
            }).observe(document.querySelector(".pg"), {childList: true, subtree: true});
        }"""
    )

    run_button(page).click()
    expect_result(page)
    page.get_by_role("tab", name="Steps").click()

    assert "of 5 steps" in " ".join(page.evaluate("window.seen"))
    expect(page.locator(".pg-step")).to_have_count(5)
    expect(page.locator(".pg-step").filter(has_text="Darken below")).to_contain_text("Done")


def test_a_template_is_run_by_keyboard_alone(newcomer_page: Page) -> None:
    page = newcomer_page
    page.add_init_script(
        """window.pointers = 0;
        for (const name of ["pointerdown", "mousedown", "touchstart"])
            addEventListener(name, () => { window.pointers += 1; }, true);"""
    )
    open_playground(page)

    page.get_by_label("Quote", exact=False).first.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Typed, never clicked.")
    page.keyboard.press("Control+Enter")
    expect_result(page)

    assert page.evaluate("window.pointers") == 0
