"""What ends and what goes on when the installation's own secrets are changed (X56)."""

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from accounts.services.key_cache import KEY_CACHE
from executor import conf
from tests.client import ApiClient
from tests.factories import make_file, make_key, make_published_workflow
from tests.http.problem import assert_problem

CANVAS = "/api/studio/catalogue"


def forget() -> None:
    KEY_CACHE.clear()
    for kept in (conf.media_secret, conf.review_secret, conf.cursor_secret):
        kept.cache_clear()


@pytest.fixture
def _nothing_kept():
    yield
    forget()


@pytest.fixture
def restart(_nothing_kept, settings):
    """Start anew with other settings: what a process keeps of the old ones is forgotten."""

    def start(**changed: str) -> None:
        for name, value in changed.items():
            setattr(settings, name, value)
        forget()

    return start


@pytest.fixture
def browser(owner) -> Client:
    """A browser in which the owner is signed in."""
    browser = Client()
    browser.force_login(get_user_model().objects.get(pk=owner.id))
    return browser


def rotate(restart: Callable[..., None]) -> None:
    restart(SECRET_KEY="another-secret-key-that-is-long-enough-1111")


def test_x56_a_new_secret_key_ends_every_session(browser, restart):
    assert browser.get(CANVAS).status_code == 200

    rotate(restart)

    assert browser.get(CANVAS).status_code == 401


def test_x56_a_new_secret_key_leaves_api_keys_as_they_are(api, restart):
    before = api.get("/me").json()

    rotate(restart)

    assert api.get("/me").json() == before


def test_x56_a_cursor_of_before_a_new_secret_key_is_malformed(api, workspace, restart):
    for _ in range(2):
        make_published_workflow(workspace)
    cursor = api.get("/workflows", {"limit": "1"}).json()["nextCursor"]
    assert api.get("/workflows", {"limit": "1", "cursor": cursor}).status_code == 200

    rotate(restart)

    response = api.get("/workflows", {"limit": "1", "cursor": cursor})
    assert_problem(response, 400, "malformed_request")


def test_x56_a_link_of_before_a_new_secret_key_opens_nothing_and_a_new_one_does(
    api, workspace, restart
):
    file = make_file(workspace)

    def link() -> str:
        url = str(api.get(f"/files/{file.id}").json()["url"])
        return url[url.index("/media/") :]

    old = link()
    rotate(restart)

    assert Client().get(old).status_code == 404
    assert b"".join(Client().get(link())) == b"plain words"


def test_x56_keys_go_on_beside_a_new_pepper_and_new_keys_take_it(workspace, restart):
    restart(KEY_PEPPERS="a:first")
    before = make_key(workspace).secret

    restart(KEY_PEPPERS="b:second,a:first")
    after = make_key(workspace).secret

    assert [ApiClient(key).get("/me").status_code for key in (before, after)] == [200, 200]


def test_x56_without_the_old_pepper_its_keys_are_refused_and_the_log_says_why(
    workspace, restart, caplog
):
    restart(KEY_PEPPERS="a:first")
    secret = make_key(workspace).secret

    restart(KEY_PEPPERS="b:second")
    response = ApiClient(secret).get("/me")

    assert_problem(response, 401, "unauthenticated")
    (told,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "KEY_PEPPERS lacks a" in told.getMessage()
    assert secret not in caplog.text
    assert "first" not in caplog.text


def test_x56_a_key_that_is_merely_wrong_raises_no_alarm(workspace, caplog):
    secret = make_key(workspace).secret
    wrong = make_key(workspace).secret[:16] + secret[16:]

    assert ApiClient(wrong).get("/me").status_code == 401
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
