"""Ways through the site that people go: signing up, forking, sharing, inviting, changing the theme."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import MakePage
from tests.e2e.people import PASSWORD, fill_sign_up, link_in_mail, new_address, sign_in, sign_up
from tests.e2e.playground import expect_result, open_playground, run_button
from tests.e2e.routes import LOCAL
from tests.e2e.server import Site
from tests.e2e.watch import Watch


def test_signing_up_leads_over_one_question_into_a_playground_that_is_filled_in(
    page: Page,
) -> None:
    page.goto("/")
    page.locator(".landing-hero").get_by_role("link", name="Start free").click()
    fill_sign_up(page, new_address())
    page.get_by_role("button", name="Create account").click()

    expect(page).to_have_url(re.compile(r"/welcome"))
    page.locator(".welcome-tile").first.click()
    expect(page).to_have_url(re.compile(r"/templates/[a-z0-9-]+/run"))
    run_button(page).click()

    expect_result(page)


def test_the_link_of_a_mail_signs_in_the_browser_that_asked_for_it(page: Page, site: Site) -> None:
    page.goto("/accounts/login/code/")
    page.get_by_label("E-mail", exact=False).first.fill(site.demo["email"])
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/accounts/login/code/confirm/**")

    tab = page.context.new_page()  # as mail programs do it
    tab.goto(link_in_mail(site, site.demo["email"], r"/accounts/login/code/confirm/#\S+"))

    tab.wait_for_url(lambda url: "/accounts/" not in url)
    tab.goto("/workflows")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Workflows")


def test_signing_in_by_password_comes_back_to_the_page_that_was_asked_for(
    page: Page, site: Site
) -> None:
    page.goto("/workflows")

    sign_in(page, site.demo["email"], site.demo["password"])

    expect(page).to_have_url(re.compile(r"/workflows$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Workflows")


def test_a_wrong_password_says_so_and_keeps_the_address(page: Page, site: Site) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").fill(site.demo["email"])
    page.locator("input[type=password]").first.fill("not the password")

    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.locator(".alert-err, .error").first).to_be_visible()
    expect(page.get_by_label("E-mail address")).to_have_value(site.demo["email"])


def test_a_visitor_who_forks_signs_up_and_lands_in_the_fork(page: Page) -> None:
    page.goto(f"/templates/{LOCAL}")

    page.locator(".template-head-actions").get_by_role("button", name="Fork").click()
    sign_up(page, new_address())

    expect(page).to_have_url(re.compile(r"/workflows/wf_"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Quote card")
    expect(page.get_by_text("Forked from").first).to_be_visible()


def test_a_shared_run_is_seen_by_whoever_has_the_link_until_it_is_shared_no_more(
    newcomer_page: Page, new_page: MakePage, watch: Watch
) -> None:
    watch.expected = ("410",)
    page, visitor = newcomer_page, new_page()
    open_playground(page)
    page.get_by_label("Quote", exact=False).first.fill("Shared with the world.")
    run_button(page).click()
    expect_result(page)
    page.get_by_role("button", name="Share result").click()
    link = page.get_by_role("dialog").locator("input")
    expect(link).to_have_value(re.compile(r"/shared/"))
    address = link.input_value()

    visitor.goto(address)
    expect(visitor.locator("main img").first).to_be_visible()
    expect(visitor.get_by_text("Shared with the world.").first).to_be_visible()
    page.get_by_role("button", name="Stop sharing").click()
    expect(page.get_by_role("dialog")).to_be_hidden()

    answer = visitor.goto(address)
    assert answer is not None
    assert answer.status == 410
    expect(visitor.get_by_role("heading", level=1)).to_have_text("This page is gone")


def test_a_colleague_is_invited_by_mail_and_joins(
    member_page: Page, new_page: MakePage, site: Site
) -> None:
    colleague = new_address()
    member_page.goto("/team")
    member_page.get_by_label("Address", exact=True).fill(colleague)
    member_page.get_by_role("button", name="Send invitation").click()
    expect(member_page.locator(".team-invitations")).to_contain_text(colleague)

    theirs = new_page()
    theirs.goto(link_in_mail(site, colleague, r"/invitations/[^\s]+"))
    theirs.get_by_role("link", name="Create an account").click()
    expect(theirs.get_by_label("E-mail address")).to_have_value(colleague)
    theirs.locator("input[type=password]").first.fill(PASSWORD)
    theirs.get_by_role("button", name="Create account").click()
    theirs.get_by_role("button", name=re.compile("^Join")).click()
    theirs.wait_for_url(lambda url: "/invitations/" not in url)

    member_page.goto("/team")
    expect(member_page.locator(".team-members")).to_contain_text(colleague)


def test_the_theme_stays_chosen_and_is_there_before_the_first_paint(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/")
    page.get_by_role("banner").get_by_label("Appearance").click()
    page.get_by_role("banner").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    # What the page says of itself at the moment its body begins: nothing is painted before.
    page.add_init_script(
        """new MutationObserver((_, watching) => {
            if (document.body) {
                window.themeAtBody = document.documentElement.dataset.theme;
                watching.disconnect();
            }
        }).observe(document, {childList: true, subtree: true});"""
    )
    page.goto("/pricing")

    assert page.evaluate("window.themeAtBody") == "dark"
