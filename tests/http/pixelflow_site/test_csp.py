"""What browsers are told they may do: the content security policy and its kin."""

import re

import pytest
from django.test import Client

PAGES = ["/", "/docs/nodes", "/docs/models", "/docs/errors", "/no/such/page"]


def policy_of(response) -> dict[str, str]:
    """Return the policy's directives by name."""
    parts = response.headers["Content-Security-Policy"].split(";")
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in parts)}


@pytest.mark.parametrize("path", PAGES)
def test_g_31_a_page_allows_its_own_scripts_and_styles_alone(db, path) -> None:
    policy = policy_of(Client().get(path))

    for name in ("script-src", "style-src"):
        assert re.fullmatch(r"'self' 'nonce-[A-Za-z0-9+/=]{24}'", policy[name])
    assert policy["default-src"] == "'self'"
    assert {policy[name] for name in ("object-src", "base-uri", "frame-ancestors")} == {"'none'"}


@pytest.mark.parametrize("path", PAGES)
def test_g_31_every_script_of_a_page_has_the_answers_nonce(db, path) -> None:
    response = Client().get(path)

    nonce = re.search(r"'nonce-([^']+)'", policy_of(response)["script-src"])
    page = response.content.decode()
    assert nonce is not None
    scripts = re.findall(r"<script\b[^>]*>", page)
    assert len(scripts) >= 2
    assert [tag for tag in scripts if f'nonce="{nonce.group(1)}"' not in tag] == []


def test_a_nonce_is_for_one_answer(db) -> None:
    first, second = (policy_of(Client().get("/docs/errors"))["script-src"] for _ in range(2))

    assert first != second


def test_payment_pages_may_be_led_to_by_a_form(db) -> None:
    allowed = policy_of(Client().get("/docs/errors"))["form-action"].split()

    assert {"'self'", "https://checkout.stripe.com", "https://billing.stripe.com"} <= set(allowed)


def test_files_are_shown_whichever_of_our_names_a_visitor_typed(db, settings) -> None:
    policy = policy_of(Client(SERVER_NAME="localhost").get("/docs/errors"))

    for name in ("img-src", "media-src", "connect-src"):
        assert settings.PUBLIC_URL in policy[name].split()


@pytest.mark.parametrize("path", ["/admin/login/", "/docs/api", "/api/v1/models"])
def test_the_admin_the_reference_and_the_api_have_no_policy_of_pages(db, path) -> None:
    assert "Content-Security-Policy" not in Client().get(path).headers


def test_a_page_uses_no_powers_and_tells_other_sites_little(db) -> None:
    headers = Client().get("/docs/errors").headers

    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_no_page_has_no_header_of_pages(db) -> None:
    assert "Permissions-Policy" not in Client().get("/healthz").headers
