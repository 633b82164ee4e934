"""The second factor: set up by those who proved their address, asked for, guarded, sealed at rest."""

from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.core.cache import caches
from django.urls import reverse

from accounts.models import AuditEntry, User
from tests.http.accounts.people import PASSWORD, Person

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _nothing_guarded(monkeypatch):
    """django-ratelimit's windows are fixed; none of them ends within a test."""
    monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=lambda: 1_772_000_000))
    yield
    caches["guards"].clear()


@pytest.fixture
def ana() -> Person:
    made = Person()
    made.sign_up()
    made.verify()
    made.sign_out()
    made.sign_in()
    mail.outbox.clear()
    return made


def code_now(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def protect(person: Person) -> None:
    user = User.objects.get(email=person.email)
    TOTP.activate(user, SECRET)


def test_an_app_is_set_up_with_recovery_codes(ana) -> None:
    page = ana.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret

    ana.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})

    kinds = set(Authenticator.objects.values_list("type", flat=True))
    assert kinds == {"totp", "recovery_codes"}
    assert AuditEntry.objects.filter(verb="add_factor").count() == 2
    assert mail.outbox[0].subject == "Two-factor sign-in is on"
    assert len(ana.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]) == 10


def test_secrets_are_sealed_where_they_lie(ana) -> None:
    page = ana.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    ana.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})

    stored = str(list(Authenticator.objects.values_list("data", flat=True)))

    assert secret not in stored
    assert stored.count("v1:") == 2


@pytest.mark.parametrize("name", ["mfa_activate_totp", "mfa_add_webauthn"])
def test_nobody_adds_a_factor_before_the_address_is_proved(name) -> None:
    eve = Person(email="victim@example.com")
    eve.sign_up()

    answer = eve.get(reverse(name))

    assert answer.url == reverse("account_email")
    assert not Authenticator.objects.exists()


def test_a_password_alone_does_not_get_in(ana) -> None:
    protect(ana)
    ana.sign_out()

    answer = ana.sign_in(onward="/docs/models")

    assert answer.url == reverse("mfa_authenticate")
    assert not ana.is_signed_in()
    answer = ana.post(answer.url, {"code": code_now(SECRET)})
    assert answer.url == "/docs/models"
    assert ana.is_signed_in()


def test_a3_codes_cannot_be_tried_out(ana) -> None:
    protect(ana)
    ana.sign_out()
    statuses = []
    for number in range(20):
        ana.address = f"203.0.113.{number}"
        if number % 6 == 0:
            ana.sign_in()
        answer = ana.post(reverse("mfa_authenticate"), {"code": f"{number:06}"})
        statuses.append(answer.status_code)

    assert statuses[0] == 200
    assert statuses[-1] == 429


def test_changing_how_one_signs_in_takes_the_password_again(ana) -> None:
    session = ana.browser.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**one, "at": 0} for one in records]
    session.save()

    answer = ana.get(reverse("mfa_activate_totp"))

    assert answer.url.startswith(reverse("account_reauthenticate"))
    onward = {"password": PASSWORD, "next": reverse("mfa_activate_totp")}
    assert ana.post(reverse("account_reauthenticate"), onward).url == reverse("mfa_activate_totp")
    assert ana.get(reverse("mfa_activate_totp")).status_code == 200


def test_who_has_just_signed_up_is_not_asked_for_the_password_again() -> None:
    ana = Person()
    ana.sign_up()

    answer = ana.post(reverse("account_email"), {"email": "new@example.com", "action_add": "1"})

    assert answer.url == reverse("account_email")
    assert "new@example.com" in ana.get(answer.url).content.decode()


def test_passkeys_are_offered_with_a_challenge_of_their_own(ana) -> None:
    first, second = (
        ana.get(reverse("mfa_add_webauthn")).context["js_data"]["creation_options"]["publicKey"]
        for _ in range(2)
    )

    assert first["rp"] == {"id": "testserver", "name": "Pixelflow"}
    assert first["challenge"] != second["challenge"]


@pytest.mark.parametrize(
    "credential", ["", "{}", "[]", "null", '{"response": {"userHandle": 5}}', "x" * 5_000]
)
def test_a_passkey_that_is_none_signs_nobody_in(credential) -> None:
    answer = Person().post(reverse("mfa_login_webauthn"), {"credential": credential})

    assert (answer.status_code, answer.url) == (302, "/accounts/login/")


def test_the_security_page_says_how_one_signs_in(ana) -> None:
    protect(ana)

    text = ana.get("/settings/security").content.decode()

    assert "Remove app" in text
    assert "Add a passkey" in text
    assert "here alone" in text


def test_strangers_are_sent_to_the_sign_in() -> None:
    for name in ("security", "mfa_list_webauthn", "usersessions_list", "account_email", "welcome"):
        path = reverse(name)
        assert Person().get(path).url == f"/accounts/login/?next={path}"


@pytest.mark.parametrize("name", ["mfa_edit_webauthn", "mfa_remove_webauthn"])
def test_t1_another_persons_passkey_is_not_there(ana, name) -> None:
    eve = Person(email="eve@example.com")
    eve.sign_up()
    theirs = Authenticator.objects.create(
        user=User.objects.get(email=eve.email), type="webauthn", data={"name": "Eve's key"}
    )

    shown = ana.get(reverse(name, args=[theirs.pk]))
    answer = ana.post(reverse(name, args=[theirs.pk]), {"name": "Mine now"})

    assert (shown.status_code, answer.status_code) == (404, 404)
    assert Authenticator.objects.get().data == {"name": "Eve's key"}
