"""Signing up: mailboxes behind spellings, what was agreed to, and mail that is not lost."""

from datetime import timedelta

import pytest
from django.core import mail

from accounts.api import deliver_due_mail, find_mailbox_owner, mailbox_of, post_mail, sign_up
from accounts.models import OutgoingMail, PolicyConsent, PolicyPage, User
from accounts.services.mail import WAITS
from accounts.types import SYSTEM_ACTOR, clean_own_email
from common.clock import utc_now
from common.errors import InvalidInputs
from tests.factories import make_user


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = utc_now()

    def now(self):
        return self.time


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana@example.com", "ana+shop@example.com"),
        ("ana@example.com", "ana+a+b@EXAMPLE.com"),
        ("ana.b@gmail.com", "a.n.a.b+x@googlemail.com"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("ana@example.com", "ana@example.com."),
    ],
)
def test_a13_spellings_of_one_mailbox_are_one(one, other) -> None:
    assert mailbox_of(one) == mailbox_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana.b@example.com", "anab@example.com"),  # dots count outside of Gmail
        ("ana@example.com", "ana@example.org"),
        ("+x@example.com", "@example.com"),
    ],
)
def test_a13_other_mailboxes_stay_apart(one, other) -> None:
    assert mailbox_of(one) != mailbox_of(other)


def test_a2_a_domain_that_mixes_alphabets_is_refused() -> None:
    with pytest.raises(ValueError, match="alphabets"):
        clean_own_email("ana@ex\N{CYRILLIC SMALL LETTER A}mple.com")

    assert clean_own_email("ana@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example.")


def test_the_mailbox_follows_the_address_whoever_changes_it(db) -> None:
    user = User.objects.get(pk=make_user(email="ana+1@example.com").id)

    user.email = "ben@example.com"
    user.save(update_fields=["email"])

    owner = find_mailbox_owner("ben+x@example.com")
    assert owner is not None
    assert owner.id == user.pk
    assert find_mailbox_owner("ana@example.com") is None
    assert find_mailbox_owner("ben@example.com", besides=user.pk) is None


def test_what_was_agreed_to_is_noted_in_its_version(db) -> None:
    PolicyPage.objects.update_or_create(pk="terms", defaults={"title": "Terms", "version": 7})
    PolicyPage.objects.filter(pk="privacy").delete()

    user = sign_up(actor=SYSTEM_ACTOR, email="ana@example.com", password="a good password")

    agreed = PolicyConsent.objects.filter(user_id=user.id).values_list("policy", "version")
    assert set(agreed) == {("terms", 7), ("privacy", 1)}


def test_a12_a_password_that_only_burns_time_is_refused(db) -> None:
    with pytest.raises(InvalidInputs):
        sign_up(actor=SYSTEM_ACTOR, email="ana@example.com", password="x" * 1_000_000)

    assert not User.objects.filter(email="ana@example.com").exists()


def test_a_mail_is_sent_with_the_commit_and_then_forgotten(
    db, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        post_mail(to="ana@example.com", subject="Two\nlines", text="Hello", html="<p>Hello</p>")
        assert mail.outbox == []

    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (["ana@example.com"], "Two lines", "Hello\n")
    assert "<p>Hello</p>" in str(sent.message())
    assert not OutgoingMail.objects.exists()


def test_a_mail_that_waits_is_sealed(db) -> None:
    post_mail(to="ana@example.com", subject="Code", text="secret-code", html="")

    assert "secret-code" not in OutgoingMail.objects.get().sealed


def test_a_mail_that_the_server_does_not_take_is_tried_again_and_then_given_up(
    db, settings
) -> None:
    clock = Clock()
    post_mail(to="ana@example.com", subject="Hello", text="Hello", html="", clock=clock)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    assert deliver_due_mail(clock=clock) == 0
    assert deliver_due_mail(clock=clock) == 0  # not due yet
    assert OutgoingMail.objects.get().tries == 1

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    clock.time += WAITS[0]
    assert deliver_due_mail(clock=clock) == 1
    assert len(mail.outbox) == 1


def test_a_mail_that_no_server_ever_takes_is_given_up(db, settings) -> None:
    clock = Clock()
    post_mail(to="ana@example.com", subject="Hello", text="Hello", html="", clock=clock)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    for _ in WAITS:
        deliver_due_mail(clock=clock)
        clock.time += timedelta(days=1)

    assert not OutgoingMail.objects.exists()
