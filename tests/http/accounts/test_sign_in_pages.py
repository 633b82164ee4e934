"""Signing in and out: the same answer for all who may not, and sessions that end when they should."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import caches
from django.urls import reverse

from accounts.api import SYSTEM_ACTOR, give_access
from accounts.models import User
from tests.factories import make_user
from tests.http.accounts.people import PASSWORD, Person, code_in_mail

pytestmark = pytest.mark.django_db


class CountingHasher(MD5PasswordHasher):
    """Counts how often a password is hashed."""

    algorithm = "counting_md5"
    hashed = 0

    def encode(self, password, salt):
        CountingHasher.hashed += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _nothing_guarded(monkeypatch):
    """django-ratelimit's windows are fixed; none of them ends within a test."""
    monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=lambda: 1_772_000_000))
    yield
    caches["guards"].clear()


@pytest.fixture
def ana() -> Person:
    made = Person()
    make_user(email=made.email)
    give_access(actor=SYSTEM_ACTOR, email=made.email, password=PASSWORD)
    return made


def test_a_password_signs_in_and_keeps_the_way(ana) -> None:
    assert ana.sign_in(onward="/docs/models").url == "/docs/models"
    assert ana.is_signed_in()


def test_a1_an_unknown_address_reads_and_costs_like_a_wrong_password(ana, settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    give_access(actor=SYSTEM_ACTOR, email=ana.email, password=PASSWORD)
    make_user(email="nopassword@example.com")
    seen = []

    for email in (ana.email, "nobody@example.com", "nopassword@example.com"):
        CountingHasher.hashed = 0
        answer = Person(email=email).sign_in("wrong password")
        text = answer.content.decode().replace(email, "EMAIL")
        shown = [line for line in text.splitlines() if "nonce" not in line and "csrf" not in line]
        seen.append((answer.status_code, CountingHasher.hashed, shown))

    assert seen[0] == seen[1] == seen[2]
    assert seen[0][:2] == (200, 1)


def test_a3_twenty_bad_passwords_for_one_account_from_twenty_addresses(ana) -> None:
    spellings = ("ana@example.com", "ANA@example.com", "ana@example.com.", "ana+x@example.com")
    answers = [
        Person(email=spellings[n % 4], address=f"203.0.113.{n}").sign_in("wrong") for n in range(20)
    ]

    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 301


def test_a3_twenty_accounts_from_one_address(ana) -> None:
    answers = [Person(email=f"p{n}@example.com").sign_in("wrong") for n in range(20)]

    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61


def test_a3_who_hammers_does_not_keep_the_owner_out(ana) -> None:
    ana.sign_in()
    ana.sign_out()
    for n in range(20):
        Person(address=f"203.0.113.{n + 20}").sign_in("wrong")

    assert ana.sign_in().status_code == 302


@pytest.mark.parametrize("password", ["x" * 1_000_000, "nul\x00byte password"])
def test_a12_a_password_that_only_burns_time_is_never_hashed(ana, settings, password) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.hashed = 0

    answer = ana.sign_in(password)

    assert (answer.status_code, CountingHasher.hashed) == (200, 0)


def test_a6_a_session_is_over_with_the_sign_out(ana) -> None:
    ana.sign_in()
    thief = Person()
    thief.browser.cookies["sessionid"] = ana.browser.cookies["sessionid"].value
    assert thief.is_signed_in()

    ana.sign_out()

    answer = thief.get("/settings/security")
    assert (answer.status_code, answer.url) == (302, "/accounts/login/?next=/settings/security")


def test_a6_other_sessions_are_over_with_a_new_password(ana) -> None:
    thief = Person()
    ana.sign_in()
    thief.sign_in()
    new = {"oldpassword": PASSWORD, "password1": "quite another password"}

    ana.post(reverse("account_change_password"), new)

    assert ana.is_signed_in()
    assert not thief.is_signed_in()
    assert mail.outbox[-1].subject == "Your password was changed"


def test_everybody_else_can_be_signed_out(ana) -> None:
    other = Person()
    other.sign_in()
    ana.sign_in()

    page = ana.get("/accounts/sessions/")
    ana.post("/accounts/sessions/")

    assert page.content.decode().count("203.0.113.7") == 2
    assert ana.is_signed_in()
    assert not other.is_signed_in()


def test_a8_signing_out_takes_a_post_with_a_token(ana) -> None:
    ana.sign_in()
    ana.get("/accounts/logout/")
    ana.browser.handler.enforce_csrf_checks = True

    assert ana.sign_out().status_code == 403
    assert ana.is_signed_in()


def test_a_code_by_mail_signs_in(ana) -> None:
    ana.post("/accounts/login/code/", {"email": ana.email, "next": "/docs/models"})

    answer = ana.post(
        "/accounts/login/code/confirm/", {"code": code_in_mail(), "next": "/docs/models"}
    )

    assert answer.url == "/docs/models"
    assert ana.is_signed_in()


def test_a1_asking_for_a_code_tells_nobody_who_has_an_account(ana) -> None:
    seen = []
    for email in (ana.email, "nobody@example.com"):
        person = Person(email=email)
        answer = person.post("/accounts/login/code/", {"email": email})
        page = person.get(answer.url).content.decode().replace(email, "EMAIL")
        lines = [line for line in page.splitlines() if "nonce" not in line and "csrf" not in line]
        seen.append((answer.status_code, answer.url, lines))

    assert seen[0] == seen[1]
    assert [message.to for message in mail.outbox] == [[ana.email], ["nobody@example.com"]]


def test_a3_three_wrong_codes_are_the_end_of_a_code(ana) -> None:
    ana.post("/accounts/login/code/", {"email": ana.email})
    code = code_in_mail()
    for _ in range(3):
        ana.post("/accounts/login/code/confirm/", {"code": "WRONG-CODE"})

    ana.post("/accounts/login/code/confirm/", {"code": code})

    assert not ana.is_signed_in()


def test_a3_nobody_is_flooded_with_codes(ana) -> None:
    answers = [
        Person(address=f"203.0.113.{n}").post("/accounts/login/code/", {"email": ana.email})
        for n in range(8)
    ]

    assert answers[-1].status_code == 429
    assert len(mail.outbox) == 5


def test_an_address_that_waits_to_be_verified_signs_nobody_in(ana) -> None:
    ana.sign_in()
    ana.post("/accounts/email/", {"email": "new@example.com", "action_add": "1"})
    other = Person(email="new@example.com")

    other.post("/accounts/login/code/", {"email": other.email})

    assert "no account" in mail.outbox[-1].subject


def test_a_closed_account_reads_like_a_wrong_password(ana) -> None:
    User.objects.filter(email=ana.email).update(is_active=False)

    answer = ana.sign_in()

    assert answer.status_code == 200
    assert "do not match" in answer.content.decode()


def test_sign_in_by_others_is_offered_where_it_is_configured(ana, settings) -> None:
    assert "Continue with" not in ana.get("/accounts/login/").content.decode()
    assert ana.post("/accounts/google/login/").status_code == 404

    app = {"client_id": "id", "secret": "secret", "key": ""}
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"APPS": [app], "SCOPE": ["user:email"]}}

    assert "Continue with GitHub" in ana.get("/accounts/login/").content.decode()
    answer = ana.post("/accounts/github/login/")
    assert answer.url.startswith("https://github.com/login/oauth/authorize?client_id=id&")


def test_the_mail_with_a_code_has_a_link_that_keeps_it_from_servers(db, settings):
    person = Person(address="198.51.100.77")
    user = make_user(password=PASSWORD)

    person.post(reverse("account_request_login_code"), {"email": user.email})

    link = f"{settings.PUBLIC_URL}{reverse('account_confirm_login_code')}#{code_in_mail()}"
    assert link in mail.outbox[-1].body


def test_a_browser_that_asked_for_no_code_cannot_use_the_link(db):
    stranger = Person(address="198.51.100.78")

    response = stranger.get(reverse("account_confirm_login_code"))

    assert response.status_code == 302
    assert not stranger.is_signed_in()
