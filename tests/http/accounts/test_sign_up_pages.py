"""Signing up: into a workspace at once, one account for each mailbox, credits once it is proved."""

import pytest
from django.core import mail
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.api import list_workspaces_of
from accounts.models import PolicyConsent, User
from billing.api import count_imbalances, get_balance
from billing.models import Plan
from tests.http.accounts.people import Person, link_in_mail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_guarded():
    yield
    caches["guards"].clear()


def memberships_of(email: str):
    return list_workspaces_of(User.objects.get(email=email).pk)


def workspace_of(email: str) -> str:
    (membership,) = memberships_of(email)
    return str(membership.workspace.id)


def free_credits() -> int:
    return Plan.objects.get(pk="free").monthly_credits


def test_a_new_person_is_in_at_once_with_a_workspace_of_their_own() -> None:
    ana = Person()

    answer = ana.sign_up(display_name="Ana")

    assert (answer.status_code, answer.url) == (302, "/welcome")
    assert ana.is_signed_in()
    (membership,) = memberships_of(ana.email)
    assert (membership.workspace.name, membership.role) == ("Ana's workspace", "owner")
    assert PolicyConsent.objects.filter(user__email=ana.email).count() == 2
    assert [message.to for message in mail.outbox] == [[ana.email]]


def test_what_somebody_was_about_to_do_is_kept_through_sign_up() -> None:
    answer = Person().sign_up("/templates/photo-card/run?size=2")

    assert answer.url == "/templates/photo-card/run?size=2"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)",
     "http://localhost/", "https:evil.example"],
)  # fmt: skip
def test_no_redirect_leads_out_of_the_site(elsewhere) -> None:
    ana = Person()

    assert ana.sign_up(elsewhere).url == "/welcome"
    ana.sign_out()
    assert ana.sign_in(onward=elsewhere).url == "/workflows"


@pytest.mark.parametrize(
    "spelling",
    ["ana@example.com", "ANA@Example.COM", "ana+shop@example.com", "ana@example.com.", " ana@example.com "],
)  # fmt: skip
def test_a2_a_mailbox_with_an_account_gets_a_mail_and_no_second_account(spelling) -> None:
    Person().sign_up()
    mail.outbox.clear()
    other = Person(email=spelling)

    answer = other.sign_up(password1="another password")
    page = other.get(answer.url)

    assert "Check your mail" in page.content.decode()
    assert not other.is_signed_in()
    assert User.objects.count() == 1
    (told,) = mail.outbox
    assert told.to == ["ana@example.com"]
    assert "already have an account" in told.subject


def test_a2_an_address_that_looks_like_another_is_refused_in_the_form() -> None:
    answer = Person(email="ana@ex\N{CYRILLIC SMALL LETTER A}mple.com").sign_up()

    assert answer.status_code == 200
    assert "alphabets" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {"email": "a" * 10_000 + "@example.com"},
        {"email": "nobody"},
        {"email": "ana\x00@example.com"},
        {"password1": "x" * 1_000_000},
        {"password1": "pass\x00word long"},
        {"password1": "short"},
        {"password1": "password"},
        {"display_name": "Ana\N{RIGHT-TO-LEFT OVERRIDE}evil"},
        {"display_name": "A" * 101},
        {"email": "ana@mailinator.com"},
    ],
)
def test_a12_what_cannot_be_taken_is_an_error_of_the_form(given) -> None:
    answer = Person().sign_up(**given)

    assert answer.status_code == 200
    assert b'role="alert"' in answer.content
    assert not User.objects.exists()


def test_a12_names_are_kept_in_one_form() -> None:
    Person().sign_up(display_name=" Ame\N{COMBINING ACUTE ACCENT}lie ")

    assert User.objects.get().display_name == "Am\N{LATIN SMALL LETTER E WITH ACUTE}lie"


def test_a13_the_credits_come_with_the_verified_address() -> None:
    ana = Person()
    ana.sign_up()
    workspace = workspace_of(ana.email)
    assert get_balance(workspace).available == 0

    answer = ana.verify()

    assert answer.status_code == 302
    assert get_balance(workspace).available == free_credits() > 0
    assert count_imbalances() == 0


def test_a13_a_link_is_good_once() -> None:
    ana = Person()
    ana.sign_up()
    link = link_in_mail("confirm-email")
    ana.verify()

    assert ana.get(link).status_code == 400
    assert ana.post(link).status_code == 400
    assert get_balance(workspace_of(ana.email)).available == free_credits()


def test_a13_looking_at_the_link_verifies_nothing() -> None:
    ana = Person()
    ana.sign_up()

    page = ana.get(link_in_mail("confirm-email"))

    assert page.status_code == 200
    assert get_balance(workspace_of(ana.email)).available == 0


def test_a13_a_second_workspace_of_one_person_has_no_credits_of_its_own() -> None:
    ana = Person()
    ana.sign_up()
    ana.verify()

    ana.post("/workspaces/new", {"name": "Second"})

    memberships = memberships_of(ana.email)
    balances = [get_balance(membership.workspace.id) for membership in memberships]
    assert [(one.available, one.renews_at is None) for one in balances] == [
        (free_credits(), False),
        (0, True),
    ]


def test_a13_a_farm_behind_one_network_is_stopped() -> None:
    network = "2001:db8:1:2::"
    answers = [
        Person(email=f"p{number}@example.com", address=f"{network}{number:x}").sign_up()
        for number in range(12)
    ]

    refused = answers[-1]
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert User.objects.count() < 12
    elsewhere = Person(email="q@example.com", address="2001:db8:1:3::1").sign_up()
    assert elsewhere.status_code == 302


def test_a8_a_form_without_its_token_changes_nothing() -> None:
    ana = Person()
    ana.browser.handler.enforce_csrf_checks = True

    answer = ana.sign_up()

    assert answer.status_code == 403
    assert "text/html" in answer.headers["Content-Type"]
    assert not User.objects.exists()


def test_a8_the_token_of_another_session_is_no_token() -> None:
    ana, eve = Person(), Person(email="eve@example.com")
    for person in (ana, eve):
        person.get("/accounts/signup/")
        person.browser.handler.enforce_csrf_checks = True
    theirs = eve.browser.cookies["csrftoken"].value

    assert ana.sign_up(csrfmiddlewaretoken=theirs).status_code == 403
    own = ana.browser.cookies["csrftoken"].value
    assert ana.sign_up(csrfmiddlewaretoken=own).status_code == 302


def test_two_who_send_one_address_at_once_are_one_account() -> None:
    first, second = Person(), Person()
    first.sign_up()

    assert second.sign_up().url == "/accounts/confirm-email/"
    assert User.objects.count() == 1


def test_nobody_waits_long_for_the_database() -> None:
    ana = Person()
    ana.get("/accounts/signup/")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        ana.sign_up()

    assert len(queries) <= 75


def test_the_first_question_leads_into_the_gallery() -> None:
    ana = Person()
    ana.sign_up()

    page = ana.get("/welcome")
    answer = ana.post("/welcome", {"category": "product-photos"})

    assert page.content.decode().count('name="category"') == 6
    assert User.objects.get().first_interest == "product-photos"
    assert answer.url.startswith("/templates/")
    assert ana.post("/welcome", {"category": "nonsense"}).url == "/welcome"
