"""`/billing`: what owners see and where its buttons lead."""

import time
from collections.abc import Iterator

import pytest
from django.test import Client

from accounts.api import SYSTEM_ACTOR
from accounts.models import User
from accounts.services.workspaces import create_workspace
from accounts.types import Role
from billing.models import CheckoutIntent, CreditPack, Plan
from billing.types import IntentState
from tests.billing.stripe.conftest import put_up
from tests.billing.stripe.server import StripeServer, serving
from tests.billing.stripe.world import World
from tests.factories import make_member, make_workspace


@pytest.fixture
def browser(owner) -> Client:
    """The owner's, signed in."""
    return signed_in(owner)


@pytest.fixture
def served(settings, db) -> Iterator[StripeServer]:
    """A Stripe where everything is for sale."""
    world = World(int(time.time()))
    for plan in Plan.objects.filter(price_cents__gt=0):
        put_up(world, f"plan:{plan.key}", plan)
    for pack in CreditPack.objects.all():
        put_up(world, f"pack:{pack.key}", pack)
    with serving(world, StripeServer) as served:
        settings.STRIPE_SECRET_KEY = "sk_test_page"
        settings.STRIPE_API_BASE = served.url
        yield served


def signed_in(user) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.id))
    return client


def test_strangers_sign_in_first(db):
    answer = Client().get("/billing")

    assert answer.status_code == 302
    assert "/login" in answer.headers["Location"]


def test_without_keys_the_page_says_so_and_offers_no_buttons(browser, workspace):
    page = browser.get("/billing").content.decode()

    assert "Payments are not configured on this server" in page
    assert 'action="/billing/' not in page
    assert "100000" in page  # what it has
    assert "Opening balance" in page  # its statement


def test_a_workspace_that_never_ran_anything_shows_the_credits_of_its_plan(browser, owner):
    bare = create_workspace(actor=SYSTEM_ACTOR, name="Bare", owner_email=owner.email, plan="free")

    page = browser.get(f"/billing?workspace={bare.id}").content.decode()

    assert "Credits of the month: Free" in page


def test_the_page_shows_what_is_for_sale(browser, workspace, served):
    page = browser.get("/billing").content.decode()

    assert "not configured" not in page
    assert "US$ 12.00" in page
    assert "20,000 credits" in page
    assert page.count('name="item"') == 5  # two plans, three packs
    assert not served.calls  # looking asks Stripe nothing


@pytest.mark.parametrize("item", ["plan:starter", "pack:credits-5000"])
def test_a_button_leads_to_the_checkout(browser, workspace, served, item):
    answer = browser.post("/billing/buy", {"workspace": workspace.id, "item": item})

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://checkout.stripe.test/")
    assert CheckoutIntent.objects.of(workspace.id).get().item == item


def test_x46_when_stripe_is_out_the_page_says_so(browser, workspace, served):
    served.faults.extend(["500"] * 10)

    answer = browser.post("/billing/buy", {"workspace": workspace.id, "item": "plan:starter"})

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert "Nothing was charged" in answer.content.decode()


def test_what_is_not_offered_is_said(browser, workspace, served):
    answer = browser.post("/billing/buy", {"workspace": workspace.id, "item": "plan:gold"})

    assert answer.status_code == 404
    assert "not offered" in answer.content.decode()


def test_the_portal_needs_a_purchase(browser, workspace, served):
    answer = browser.post("/billing/portal", {"workspace": workspace.id})
    assert answer.status_code == 409

    browser.post("/billing/buy", {"workspace": workspace.id, "item": "pack:credits-5000"})
    answer = browser.post("/billing/portal", {"workspace": workspace.id})
    assert answer.headers["Location"].startswith("https://portal.stripe.test/")


def test_s8_coming_back_gives_nothing_and_says_pending(browser, workspace, served):
    browser.post("/billing/buy", {"workspace": workspace.id, "item": "pack:credits-5000"})
    session = served.world.of("sessions")[0]
    address = f"/billing/return?session={session['id']}&workspace={workspace.id}"

    page = browser.get(address).content.decode()

    assert "pending" in page
    assert "100000" in browser.get("/billing").content.decode()
    CheckoutIntent.objects.of(workspace.id).update(state=IntentState.PAID)
    assert "Thank you" in browser.get(address).content.decode()
    CheckoutIntent.objects.of(workspace.id).update(state=IntentState.EXPIRED)
    assert "Nothing was charged" in browser.get(address).content.decode()


def test_s8_another_workspaces_session_is_not_known(browser, workspace, served, stranger):
    other = make_workspace(owner=stranger)
    signed_in(stranger).post("/billing/buy", {"workspace": other.id, "item": "plan:starter"})
    session = served.world.of("sessions")[0]

    for query in (f"workspace={workspace.id}", f"workspace={other.id}", ""):
        answer = browser.get(f"/billing/return?session={session['id']}&{query}")
        assert answer.status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN])
def test_only_who_manages_billing_sees_it(workspace, served, role):
    browser = signed_in(make_member(workspace, role=role))

    assert browser.get(f"/billing?workspace={workspace.id}").status_code == 404
    for path in ("/billing/buy", "/billing/portal"):
        answer = browser.post(path, {"workspace": workspace.id, "item": "plan:starter"})
        assert answer.status_code == 404
    assert not served.calls


def test_other_workspaces_are_not_shown(browser, workspace, stranger_workspace):
    assert browser.get(f"/billing?workspace={stranger_workspace.id}").status_code == 404


def test_buying_is_by_form_alone(browser, workspace):
    for path in ("/billing/buy", "/billing/portal"):
        assert browser.get(path).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    assert strict.post("/billing/buy", {"item": "plan:starter"}).status_code == 403
