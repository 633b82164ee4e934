"""Links from mails: a new password, another address; each is good once, for one person, for a while."""

from datetime import timedelta

import pytest
from allauth.account.forms import EmailAwarePasswordResetTokenGenerator as TokenMaker
from django.core import mail
from django.core.cache import caches
from django.urls import reverse

from accounts.models import AuditEntry, User
from tests.http.accounts.people import Person, link_in_mail

pytestmark = pytest.mark.django_db
NEW = "quite another password"


@pytest.fixture(autouse=True)
def _nothing_guarded():
    yield
    caches["guards"].clear()


@pytest.fixture
def ana() -> Person:
    made = Person()
    made.sign_up()
    mail.outbox.clear()
    return made


class TokenMakerOfThen(TokenMaker):
    """Makes tokens as three days ago."""

    def _now(self):
        return super()._now() - timedelta(days=3)


def choose(person: Person, link: str, password: str = NEW):
    """Follow a link and choose a password, as a browser does: the key leaves the address first."""
    answer = person.get(link)
    if answer.status_code != 302:
        return answer
    return person.post(answer.url, {"password1": password})


def test_a_link_leads_to_a_new_password_and_in(ana) -> None:
    ana.sign_out()
    ana.ask_for_reset()

    answer = choose(ana, link_in_mail("password/reset/key"))

    assert answer.status_code == 302
    assert ana.is_signed_in()
    ana.sign_out()
    assert ana.sign_in(NEW).status_code == 302


def test_a1_asking_for_a_link_tells_nobody_who_has_an_account(ana) -> None:
    answers = [Person(email=e).ask_for_reset() for e in (ana.email, "nobody@example.com")]

    assert {(answer.status_code, answer.url) for answer in answers} == {
        (302, "/accounts/password/reset/done/")
    }
    assert [message.to for message in mail.outbox] == [[ana.email], ["nobody@example.com"]]


def test_a4_a_link_is_good_once(ana) -> None:
    ana.ask_for_reset()
    link = link_in_mail("password/reset/key")
    choose(ana, link)

    again = choose(Person(), link, "a third password")

    assert again.status_code == 400
    assert "no longer valid" in again.content.decode()


def test_a4_a_link_is_good_for_one_person(ana) -> None:
    eve = Person(email="eve@example.com")
    eve.sign_up()
    ana.ask_for_reset()
    mine, theirs = (User.objects.get(email=person.email).pk for person in (ana, eve))

    answer = choose(Person(), link_in_mail("password/reset/key").replace(mine, theirs))

    assert answer.status_code == 400


def test_a4_a_link_is_dead_after_the_address_changed(ana) -> None:
    ana.ask_for_reset()
    link = link_in_mail("password/reset/key")
    User.objects.filter(email=ana.email).update(email="other@example.com")

    assert choose(Person(), link).status_code == 400


def test_a4_a_link_is_dead_after_three_days(ana) -> None:
    user = User.objects.get(email=ana.email)
    fresh, old = (
        choose(Person(), f"/accounts/password/reset/key/{user.pk}-{maker.make_token(user)}/")
        for maker in (TokenMaker(), TokenMakerOfThen())
    )

    assert (fresh.status_code, old.status_code) == (302, 400)


def test_a4_the_key_is_in_no_page_that_could_tell_it(ana) -> None:
    ana.ask_for_reset()
    link = link_in_mail("password/reset/key")
    key = link.rstrip("/").rpartition("-")[2]

    answer = ana.get(link)

    assert key not in answer.url
    assert key not in ana.get(answer.url).content.decode()


@pytest.mark.parametrize("name", ["HTTP_HOST", "HTTP_X_FORWARDED_HOST"])
def test_a5_a_spoofed_host_is_in_no_mail(ana, name, settings) -> None:
    answer = ana.ask_for_reset(**{name: "evil.example"})

    if name == "HTTP_HOST":
        assert answer.status_code == 400
    assert not any("evil.example" in str(message.body) for message in mail.outbox)


def test_a5_links_begin_with_the_setting_whatever_host_was_asked(ana, settings) -> None:
    settings.PUBLIC_URL = "https://pixelflow.example"

    ana.ask_for_reset(HTTP_HOST="localhost")

    assert "https://pixelflow.example/accounts/password/reset/key/" in str(mail.outbox[-1].body)
    html = str(mail.outbox[-1].message())
    assert 'href="https://pixelflow.example/accounts/password/reset/key/' in html.replace(
        "=\n", ""
    ).replace("=3D", "=")


def test_another_address_counts_once_it_is_verified(ana) -> None:
    ana.post(reverse("account_email"), {"email": "new@example.com", "action_add": "1"})
    assert User.objects.get().email == "ana@example.com"

    ana.verify()

    assert User.objects.get().email == "new@example.com"
    assert mail.outbox[-1].to == ["ana@example.com"]
    assert "new@example.com" in str(mail.outbox[-1].body)
    assert AuditEntry.objects.filter(verb="change_address").exists()


@pytest.mark.parametrize("wanted", ["eve@example.com", "eve+x@example.com"])
def test_a2_the_mailbox_of_another_account_is_never_taken_over(ana, wanted) -> None:
    Person(email="eve@example.com").sign_up()
    ana.post(reverse("account_email"), {"email": wanted, "action_add": "1"})

    ana.verify()

    assert sorted(User.objects.values_list("email", flat=True)) == [
        "ana@example.com",
        "eve@example.com",
    ]


def test_the_mail_can_be_asked_for_again_and_not_without_end(ana) -> None:
    answers = [ana.post(reverse("account_resend"), {"next": "/welcome"}) for _ in range(8)]

    assert (answers[0].status_code, answers[0].url) == (302, "/welcome")
    assert answers[-1].status_code == 429
    assert len(mail.outbox) == 6


def test_resending_leads_nowhere_else(ana) -> None:
    answer = ana.post(reverse("account_resend"), {"next": "https://evil.example"})

    assert answer.url == "/accounts/email/"


@pytest.mark.parametrize("action", ["action_primary", "action_remove"])
@pytest.mark.parametrize("whose", ["ana@example.com", "new@example.com"])
def test_nothing_but_the_link_changes_the_address(ana, action, whose) -> None:
    Person(email="eve@example.com").sign_up()
    ana.post(reverse("account_email"), {"email": "new@example.com", "action_add": "1"})

    ana.post(reverse("account_email"), {"email": whose, action: "1"})

    assert User.objects.filter(email="ana@example.com").exists()
    assert ana.is_signed_in()


def test_a_second_wish_takes_the_place_of_the_first(ana) -> None:
    for wish in ("one@example.com", "two@example.com"):
        ana.post(reverse("account_email"), {"email": wish, "action_add": "1"})
    first = link_in_mail("confirm-email", 0)

    assert ana.post(first).status_code == 400
    ana.verify()
    assert User.objects.get().email == "two@example.com"
