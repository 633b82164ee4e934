"""`/settings/models`: keys are taken, tested at once, never shown again, and only by those who may."""

from collections.abc import Iterator

import pytest
from django.test import Client

from accounts.api import KeyPolicy, Role, get_key_policy, get_own_accounts, list_provider_keys
from accounts.models import User
from tests.factories import make_member
from tests.providers.base import FakeProvider
from tests.providers.openai_compatible import FAKE

KEY = "own-key-0123456789-abcdef"
PAGE = "/settings/models"


def signed_in(user) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.id))
    return client


@pytest.fixture
def browser(owner) -> Client:
    """The owner's, signed in."""
    return signed_in(owner)


@pytest.fixture
def server(settings) -> Iterator[FakeProvider]:
    """A model server on loopback that may be asked."""
    with FAKE() as fake:
        settings.FETCH_LOOPBACK_PORTS = frozenset({int(fake.url.rsplit(":", 1)[1])})
        yield fake


def save(browser: Client, **fields: str):
    return browser.post(f"{PAGE}/save", fields, follow=True)


def test_a_key_that_works_is_kept_tested_and_shown_by_its_end(browser, workspace, server):
    server.key = KEY

    answer = save(browser, provider="openai_compatible", key=KEY, base_url=f"{server.url}/v1")

    page = answer.content.decode()
    assert "The key works." in page
    assert "…cdef" in page
    assert KEY not in page
    assert get_own_accounts(workspace.id)["openai_compatible"].key == KEY


def test_a_key_that_is_refused_is_kept_and_the_page_says_that_it_does_not_work(
    browser, workspace, server
):
    answer = save(
        browser, provider="openai_compatible", key="another-key-123", base_url=f"{server.url}/v1"
    )

    page = answer.content.decode()
    (key,) = list_provider_keys(workspace.id)
    assert "does not work" in page
    assert key.check_error
    assert server.url not in key.check_error


def test_a_key_can_be_tested_again_and_removed(browser, workspace, server):
    save(browser, provider="openai_compatible", key="another-key-123", base_url=f"{server.url}/v1")
    server.key = "another-key-123"

    tested = browser.post(f"{PAGE}/test", {"provider": "openai_compatible"}, follow=True)
    removed = browser.post(f"{PAGE}/remove", {"provider": "openai_compatible"}, follow=True)
    gone = browser.post(f"{PAGE}/test", {"provider": "openai_compatible"})

    assert "The key works." in tested.content.decode()
    assert "The key is removed." in removed.content.decode()
    assert not list_provider_keys(workspace.id)
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"provider": "nobody", "key": KEY}, "no provider"),
        ({"provider": "local", "key": KEY}, "no provider"),
        ({"provider": "fal"}, "needs a key"),
        ({"provider": "fal", "key": "with space"}, "characters that no key has"),
        ({"provider": "fal", "key": "a\0b"}, "characters that no key has"),
        ({"provider": "kling", "key": KEY}, "Secret key is missing"),
        ({"provider": "fal", "key": KEY, "secret": "x"}, "not asked for"),
        ({"provider": "fal", "key": KEY, "base_url": "https://evil.example"}, "its own address"),
        ({"provider": "comfyui"}, "Where the server is"),
        ({"provider": "comfyui", "base_url": "ftp://example.com"}, "Where the server is"),
        ({"provider": "comfyui", "base_url": "https://example.com/?token=x"}, "no ?"),
        ({"provider": "comfyui", "base_url": "https://example.com/#x"}, "no ?"),
    ],
)
def test_what_cannot_be_a_key_is_refused_with_a_word(browser, workspace, fields, word):
    answer = browser.post(f"{PAGE}/save", fields)

    assert answer.status_code == 422
    assert word in answer.content.decode()
    assert not list_provider_keys(workspace.id)


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:8188", "http://10.0.0.5:8188", "http://[::1]:8188", "http://0x7f000001",
     "http://169.254.169.254", "http://user:pass@example.com"],
)  # fmt: skip
def test_f1_f8_a_server_at_a_private_address_is_refused(browser, workspace, base_url):
    answer = browser.post(f"{PAGE}/save", {"provider": "comfyui", "base_url": base_url})

    assert answer.status_code == 422
    assert not list_provider_keys(workspace.id)


def test_the_operator_may_allow_private_servers(browser, workspace, settings):
    settings.PRIVATE_SERVERS = True

    save(browser, provider="comfyui", base_url="http://127.0.0.1:9")

    (key,) = list_provider_keys(workspace.id)
    assert key.base_url == "http://127.0.0.1:9"
    assert key.check_error  # nobody listens there


def test_the_policy_is_changed_by_the_page(browser, workspace):
    browser.post(f"{PAGE}/policy", {"policy": "own_only"})
    refused = browser.post(f"{PAGE}/policy", {"policy": "everybody"})

    assert refused.status_code == 422
    assert get_key_policy(workspace.id) is KeyPolicy.OWN_ONLY


def test_an_editor_has_no_such_page(workspace):
    editor = signed_in(make_member(workspace, role=Role.EDITOR))

    assert editor.get(PAGE).status_code == 404
    assert editor.post(f"{PAGE}/save", {"provider": "fal", "key": KEY}).status_code == 404
    assert not list_provider_keys(workspace.id)


def test_strangers_sign_in_first(db):
    assert Client().get(PAGE).status_code == 302


def test_a_form_from_elsewhere_changes_nothing(owner, workspace):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(pk=owner.id))

    answer = client.post(f"{PAGE}/save", {"provider": "fal", "key": KEY})

    assert answer.status_code == 403
    assert not list_provider_keys(workspace.id)
