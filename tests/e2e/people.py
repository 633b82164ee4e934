"""What a person does at the door: signs up, signs in, reads mail."""

import re
import secrets
from urllib.parse import unquote

from playwright.sync_api import Page

from tests.e2e.server import Site

PASSWORD = "a plain long passphrase 7"


def new_address() -> str:
    """Return an e-mail address that nobody has."""
    return f"person-{secrets.token_hex(5)}@example.org"


def fill_sign_up(page: Page, email: str) -> None:
    """Fill in the form of `/accounts/signup/`; sending it is the caller's click."""
    page.get_by_label("E-mail address").fill(email)
    page.locator("input[type=password]").first.fill(PASSWORD)


def sign_up(page: Page, email: str) -> None:
    """Make an account at the page of that, and wait until the page is left."""
    if "/accounts/signup" not in page.url:
        page.goto("/accounts/signup/")
    fill_sign_up(page, email)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(lambda url: "/accounts/signup" not in url)


def sign_in(page: Page, email: str, password: str) -> None:
    """Sign in by password, and wait until the page is left."""
    if "/accounts/login" not in page.url:
        page.goto("/accounts/login/")
    page.get_by_label("E-mail address").fill(email)
    page.locator("input[type=password]").first.fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def link_in_mail(site: Site, to: str, pattern: str) -> str:
    """Return the last link that matches `pattern` in a mail to `to`, as a path of the site."""
    mails = [part for part in site.log.split("Subject:") if to in part]
    links = re.findall(rf"{re.escape(site.url)}({pattern})", "\n".join(mails))
    assert links, f"no mail to {to} has a link like {pattern}"
    return unquote(links[-1])
