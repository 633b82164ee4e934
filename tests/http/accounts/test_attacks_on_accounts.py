"""Attacks on accounts: squatting on an address, going around the second factor, made-up answers."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.test import Client
from django.urls import reverse

from accounts.api import SYSTEM_ACTOR, purge_sessions
from accounts.models import AuditEntry, User, Workspace
from billing.api import count_imbalances, open_workspace, release_plan_credits
from billing.models import Account
from common.clock import utc_now
from tests.accounts.test_audit_at_once import at_once
from tests.factories import make_user
from tests.http.accounts.people import PASSWORD, Person, code_in_mail, link_in_mail

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NEW = "quite another password"

# Answers of passkeys that no browser sends.
MADE_UP = {
    "half of one": '{"id":"x"}',
    "no attestation": '{"id":"eA","rawId":"eA","type":"public-key","response":{}}',
    "no client data": (
        '{"id":"eA","rawId":"eA","type":"public-key",'
        '"response":{"clientDataJSON":"e30","attestationObject":"oA","signature":"eA"}}'
    ),
    "other extensions": (
        '{"id":"eA","rawId":"eA","type":"public-key","clientExtensionResults":"x",'
        '"response":{"clientDataJSON":"e30","attestationObject":"oA","signature":"eA"}}'
    ),
    "other types": '{"id":5,"rawId":{},"type":[],"response":[]}',
    "a list": "[]",
    "a number": "1",
    "no number": '{"id":NaN}',
    "too deep": "[" * 5000 + "]" * 5000,
    "NUL in the user": (
        '{"id":"eA","rawId":"eA","type":"public-key","response":{"clientDataJSON":'
        '"eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiZUEiLCJvcmlnaW4iOiJodHRwOi8veCJ9",'
        '"authenticatorData":"' + "A" * 50 + '","signature":"eA","userHandle":"YQA"}}'
    ),
    "NUL": '{"id":"a\\u0000","rawId":"a\\u0000"}',
}


@pytest.fixture(autouse=True)
def _nothing_guarded():
    yield
    caches["guards"].clear()


@pytest.fixture
def squatter() -> Person:
    """Somebody who signed up with Ana's address, and has never seen her mail."""
    made = Person(address="198.51.100.1")
    made.sign_up()
    return made


@pytest.fixture
def ana() -> Person:
    made = Person()
    made.sign_up()
    made.verify()
    return made


def reset(person: Person) -> None:
    person.ask_for_reset()
    form = person.get(link_in_mail("password/reset/key")).url
    person.post(form, {"password1": NEW})


def wish(person: Person, email: str) -> str:
    """Wish for another address, and return the link that was mailed there."""
    person.post(reverse("account_email"), {"email": email, "action_add": "1"})
    return link_in_mail("confirm-email")


def test_a4_a_wish_from_before_a_reset_hands_the_account_to_nobody(squatter) -> None:
    link = wish(squatter, "evil@example.com")
    owner = Person()

    reset(owner)

    assert Person(address="198.51.100.2").post(link).status_code == 400
    assert User.objects.get().email == "ana@example.com"
    assert owner.is_signed_in()
    assert not squatter.is_signed_in()


def test_a_wish_from_before_a_new_password_is_dead(ana) -> None:
    link = wish(ana, "evil@example.com")

    ana.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW})

    assert Person(address="198.51.100.2").post(link).status_code == 400
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["ana@example.com"]


def test_a_code_by_mail_ends_what_was_set_up_before_the_address_was_proved(squatter) -> None:
    owner = Person()
    owner.post(reverse("account_request_login_code"), {"email": owner.email})

    owner.post(reverse("account_confirm_login_code"), {"code": code_in_mail()})

    assert owner.is_signed_in()
    assert not squatter.is_signed_in()
    squatter.sign_in()
    assert not squatter.is_signed_in()
    assert AuditEntry.objects.filter(verb="drop_password").count() == 1


def test_a_code_by_mail_leaves_the_password_of_a_proved_address(ana) -> None:
    other = Person(address="198.51.100.2")
    other.post(reverse("account_request_login_code"), {"email": other.email})

    other.post(reverse("account_confirm_login_code"), {"code": code_in_mail()})

    assert other.is_signed_in()
    assert ana.is_signed_in()


def test_a_wrong_code_takes_no_password_away(squatter) -> None:
    other = Person(address="198.51.100.2")
    other.post(reverse("account_request_login_code"), {"email": other.email})

    other.post(reverse("account_confirm_login_code"), {"code": "WRONG1"})
    other.post(reverse("account_confirm_login_code"), {"action": "resend"})

    assert squatter.is_signed_in()


def test_a_link_that_somebody_sends_signs_nobody_out(ana) -> None:
    eve = Person(email="eve@example.com", address="198.51.100.3")
    eve.sign_up()

    ana.get(link_in_mail("confirm-email"))

    assert ana.is_signed_in()


def test_the_staffs_sign_in_is_no_way_around_the_second_factor(ana) -> None:
    User.objects.update(is_staff=True, is_superuser=True)
    TOTP.activate(User.objects.get(), SECRET)
    staff = Person(address="198.51.100.4")

    answer = staff.post("/admin/login/", {"username": ana.email, "password": PASSWORD})

    assert "second factor" in answer.content.decode()
    assert not staff.is_signed_in()
    assert staff.get("/admin/").status_code == 302


def test_staff_without_a_second_factor_sign_in_as_before(ana) -> None:
    User.objects.update(is_staff=True, is_superuser=True)
    staff = Person(address="198.51.100.4")

    staff.post("/admin/login/", {"username": ana.email, "password": PASSWORD})

    assert staff.get("/admin/").status_code == 200


@pytest.mark.parametrize("way", ["code", "reset"])
def test_neither_a_code_nor_a_reset_goes_around_the_second_factor(ana, way) -> None:
    TOTP.activate(User.objects.get(), SECRET)
    other = Person(address="198.51.100.5")

    if way == "reset":
        reset(other)
    else:
        other.post(reverse("account_request_login_code"), {"email": other.email})
        other.post(reverse("account_confirm_login_code"), {"code": code_in_mail()})

    assert not other.is_signed_in()
    assert other.get(reverse("mfa_authenticate")).status_code == 200


@pytest.mark.parametrize("answer", MADE_UP.values(), ids=MADE_UP)
@pytest.mark.parametrize(
    "page", ["mfa_login_webauthn", "mfa_add_webauthn", "mfa_reauthenticate_webauthn"]
)
def test_a12_a_made_up_answer_of_a_passkey_is_refused(ana, page, answer) -> None:
    person = Person() if page == "mfa_login_webauthn" else ana
    person.get(reverse(page), headers={"X-Requested-With": "XMLHttpRequest"})  # the challenge

    refused = person.post(reverse(page), {"credential": answer, "name": "Key"})

    assert refused.status_code in (200, 302)
    assert not Authenticator.objects.exists()
    assert person is ana or not person.is_signed_in()


def test_challenges_for_passkeys_make_no_sessions_without_end() -> None:
    path, asked = reverse("mfa_login_webauthn"), {"X-Requested-With": "XMLHttpRequest"}

    answers = [Person().get(path, headers=asked).status_code for _ in range(61)]

    assert answers[0] == 200
    assert answers[-1] == 429
    assert Session.objects.count() == 60


def test_sessions_that_are_over_are_forgotten_and_the_others_stay(ana) -> None:
    other = Person(address="198.51.100.6")
    other.sign_in()
    Session.objects.filter(pk=other.browser.session.session_key).update(
        expire_date=utc_now() - timedelta(seconds=1)
    )

    assert purge_sessions() == 1

    assert Session.objects.count() == UserSession.objects.count() == 1
    assert ana.is_signed_in()


def test_who_closed_the_account_can_come_back_and_nothing_of_before_signs_in(ana) -> None:
    TOTP.activate(User.objects.get(), SECRET)
    ana.post(reverse("workspace-new"), {"name": "Second"})
    for workspace in Workspace.objects.all():
        asked = {"workspace": workspace.pk, "confirm": workspace.name}
        ana.post(reverse("workspace-delete"), asked)
    ana.post(reverse("settings-close"), {"confirm": ana.email})
    assert not EmailAddress.objects.exists()
    assert not Authenticator.objects.exists()

    again = Person(password=NEW)
    again.sign_up()
    again.verify()

    assert again.is_signed_in()
    assert User.objects.filter(email=ana.email).count() == 1
    assert not Account.objects.filter(
        is_waiting=False, workspace_id__in=Workspace.objects.filter(deleted_at=None).values("pk")
    ).exists()  # A13: the mailbox has had its credits


@pytest.mark.django_db(transaction=True)
def test_a13_of_two_mailboxes_of_one_person_at_once_one_brings_credits() -> None:
    owner = make_user()
    opened = [
        open_workspace(
            actor=SYSTEM_ACTOR, name="Waiting", owner_email=owner.email, is_waiting=True
        ).id
        for _ in range(2)
    ]

    def claim(number: int) -> bool:
        return release_plan_credits(
            workspace_id=opened[number - 1], mailbox=f"ana@{number}.example", owner_id=owner.id
        )

    assert sorted(at_once(claim, 2)) == [False, True]
    assert Account.objects.filter(available__gt=0).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a13_verifying_twice_at_once_brings_the_credits_once() -> None:
    owner = make_user()
    opened = open_workspace(
        actor=SYSTEM_ACTOR, name="Waiting", owner_email=owner.email, is_waiting=True
    )

    def claim(_: int) -> bool:
        return release_plan_credits(
            workspace_id=opened.id, mailbox="ana@example.com", owner_id=owner.id
        )

    assert sorted(at_once(claim, 2)) == [False, True]
    assert count_imbalances() == 0


def test_a13_another_verified_address_brings_no_second_credits(ana) -> None:
    ana.post(reverse("workspace-new"), {"name": "Second"})
    link = wish(ana, "ana@example.net")

    ana.post(link)

    assert User.objects.get().email == "ana@example.net"
    assert Account.objects.filter(is_waiting=False).count() == 1
    assert Account.objects.filter(available__gt=0).count() == 1


@pytest.mark.parametrize(
    "path",
    ["/invitations/SECRET", "/accounts/confirm-email/SECRET/", "/accounts/login/?key=SECRET"],
)
def test_no_log_line_of_a_refused_form_holds_the_secret_of_its_address(path, caplog) -> None:
    browser = Client(enforce_csrf_checks=True)

    assert browser.post(path).status_code == 403
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize("page", ["/welcome", "/settings/security"])
def test_pages_about_a_person_are_not_kept(ana, page) -> None:
    assert "no-store" in ana.get(page).headers["Cache-Control"]
