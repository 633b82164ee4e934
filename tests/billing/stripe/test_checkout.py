"""Going to the checkout, in two tabs and through outages."""

from contextlib import suppress

import pytest
import stripe
from django.core.management import CommandError, call_command

from accounts.api import Role, RoleTooLow
from billing.errors import PaymentsNotConfigured, PaymentsUnavailable, PurchaseRefused
from billing.gateway import API_VERSION, StripeGateway
from billing.models import CheckoutIntent, CreditPack, Plan, StripeCustomer
from billing.services.payments.checkout import open_portal, start_checkout
from billing.services.payments.prices import sync_prices
from billing.types import IntentState
from common import faults
from common.errors import NotFound
from tests.billing.stripe.params import CALLS, call_of, unknown_params
from tests.billing.stripe.world import DAY
from tests.factories import as_actor, make_member

HOUR = 3_600


def intents(shop):
    return list(CheckoutIntent.objects.of(shop.workspace.id).order_by("pk"))


@pytest.mark.parametrize(
    ("item", "mode"), [("plan:starter", "subscription"), ("pack:credits-5000", "payment")]
)
def test_a_checkout_sells_the_item_to_the_workspaces_customer(shop, item, mode):
    address = shop.start(item)

    session = shop.session()
    assert address == session["url"]
    assert (session["mode"], session["price"]) == (mode, shop.price(item))
    sent = next(call.params for call in shop.served.calls if call.path.endswith("sessions"))
    assert sent["tax_id_collection"] == {"enabled": "true"}
    assert sent["metadata"]["workspace"] == shop.workspace.id
    customer = shop.world.find(session["customer"])
    assert customer["metadata"] == {"workspace": shop.workspace.id}
    assert customer["email"] == shop.owner.email


def test_s8_two_tabs_share_one_checkout(shop):
    first, second = shop.start("pack:credits-5000"), shop.start("pack:credits-5000")

    assert first == second
    assert len(shop.world.of("sessions")) == 1
    assert len(shop.world.of("customers")) == 1


def test_s8_a_finished_checkout_is_not_opened_again_until_it_is_booked(shop):
    shop.buy("pack:credits-5000")
    with pytest.raises(PurchaseRefused):
        shop.start("pack:credits-5000")

    shop.settle()
    shop.buy("pack:credits-5000")
    shop.settle()

    assert shop.account.available == 10_000
    assert {intent.state for intent in intents(shop)} == {IntentState.PAID}


def test_s8_a_session_that_names_another_workspace_brings_nothing(shop, stranger_workspace):
    shop.start("pack:credits-5000")
    session = shop.session()
    session["metadata"] = {**session["metadata"], "workspace": stranger_workspace.id}

    shop.world.pay(session)
    shop.settle()

    assert shop.account.available == 0
    assert intents(shop)[0].state == IntentState.OPEN


@pytest.mark.parametrize("text", ["-5", "5.5", "x", "", "0", str(10**16), "٥"])
def test_s14_credits_out_of_bounds_on_a_session_bring_nothing(shop, text):
    shop.start("pack:credits-5000")
    shop.session()["metadata"]["credits"] = text

    shop.world.pay(shop.session())
    shop.settle()

    assert shop.account.available == 0


def test_an_expired_checkout_is_followed_by_a_new_one(shop):
    shop.start("pack:credits-5000")
    shop.world.expire(shop.session())

    shop.buy("pack:credits-5000")
    shop.settle()

    assert [intent.state for intent in intents(shop)] == [IntentState.EXPIRED, IntentState.PAID]


@pytest.mark.parametrize("fault", ["500", "timeout", "lost", "409", "429"])
@pytest.mark.parametrize("number", range(4))
def test_s18_whatever_fails_trying_again_makes_no_second_customer_or_session(shop, fault, number):
    shop.served.faults.extend([""] * number + [fault])

    with suppress(PaymentsUnavailable):
        shop.start("pack:credits-5000")
    address = shop.start("pack:credits-5000")

    assert address == shop.session()["url"]
    assert len(shop.world.of("sessions")) == 1
    assert len(shop.world.of("customers")) == 1
    assert len(intents(shop)) == 1


@pytest.mark.parametrize("point", ["stripe.customer_made", "stripe.session_made"])
def test_s18_a_crash_between_stripe_and_us_makes_no_second_customer_or_session(shop, point):
    faults.arm(f"{point}=raise")
    try:
        with pytest.raises(faults.FaultInjected):
            shop.start("plan:starter")
    finally:
        faults.arm("")
    for customer in shop.world.of("customers"):
        customer["hidden"] = True  # Stripe's search finds what is new after a minute

    shop.start("plan:starter")

    assert len(shop.world.of("sessions")) == 1
    assert StripeCustomer.objects.get().stripe_id == shop.world.of("customers")[0]["id"]


def test_x46_a_customer_that_we_forgot_for_longer_than_stripe_keeps_keys_is_found(shop):
    shop.start("plan:starter")
    StripeCustomer.objects.all().delete()
    CheckoutIntent.objects.of(shop.workspace.id).delete()
    shop.advance(2 * DAY)

    shop.start("plan:starter")

    assert len(shop.world.of("customers")) == 1


def test_x46_a_wish_ends_before_stripe_forgets_its_key(shop):
    shop.served.faults.extend(["", "", "", "lost"])
    with pytest.raises(PaymentsUnavailable):
        shop.start("pack:credits-5000")
    shop.advance(25 * HOUR)

    shop.start("pack:credits-5000")

    assert [intent.state for intent in intents(shop)] == [IntentState.EXPIRED, IntentState.OPEN]
    assert len({call.key for call in shop.served.calls if call.path.endswith("sessions")}) == 2


@pytest.mark.parametrize("hours", [0, 5, 21.9])
def test_a_retry_at_any_hour_of_a_wish_is_within_stripes_bounds(shop, hours):
    shop.served.faults.extend(["", "", "", "500"])
    with pytest.raises(PaymentsUnavailable):
        shop.start("pack:credits-5000")
    shop.advance(int(hours * HOUR))

    assert shop.start("pack:credits-5000") == shop.session()["url"]


def test_x46_a_price_changed_between_two_tries_begins_anew(shop):
    shop.served.faults.extend(["", "", "", "lost"])
    with pytest.raises(PaymentsUnavailable):
        shop.start("pack:credits-5000")
    other = shop.world.make_price("pixelflow_pack_credits-5000", 700, monthly=False)
    CreditPack.objects.filter(pk="credits-5000").update(stripe_price_id=other["id"])

    shop.start("pack:credits-5000")

    assert shop.session()["price"] == other["id"]


def test_x46_while_stripe_is_out_nothing_is_half_done(shop):
    shop.served.faults.extend(["timeout"] * 3)

    for _ in range(3):
        with pytest.raises(PaymentsUnavailable):
            shop.start("plan:starter")

    assert not StripeCustomer.objects.exists()
    assert not shop.world.of("customers")
    assert shop.plan == "free"


def test_the_gateway_tries_again_by_itself_with_the_same_key(shop, served):
    patient = StripeGateway("sk_test_x", api_base=served.url, retries=2)
    served.faults.extend(["500", "409"])

    patient.create_customer(shop.workspace.id)
    patient.close()

    calls = [call for call in served.calls if call.path == "/v1/customers"]
    assert len(calls) == 3
    assert len({call.key for call in calls}) == 1


def test_a_second_plan_closes_the_checkout_of_the_first(shop):
    shop.start("plan:starter")
    first = shop.session()

    shop.start("plan:pro")

    assert first["status"] == "expired"
    assert shop.session()["price"] == shop.price("plan:pro")


def test_a_second_plan_waits_for_the_first_that_was_just_paid(shop):
    shop.buy("plan:starter")

    with pytest.raises(PurchaseRefused):
        shop.start("plan:pro")

    assert len(shop.world.of("subscriptions")) == 1


def test_with_a_subscription_another_plan_is_a_change_of_it(shop):
    shop.subscribe("starter")
    shop.settle()

    address = shop.start("plan:pro")

    assert address.endswith("/subscription_update_confirm")
    assert len(shop.world.of("sessions")) == 1
    with pytest.raises(PurchaseRefused):
        shop.start("plan:starter")


def test_the_portal_is_for_those_who_bought_something(shop):
    def portal():
        return open_portal(actor=shop.actor, workspace_id=shop.workspace.id, gateway=shop.gateway)

    with pytest.raises(PurchaseRefused):
        portal()
    shop.buy("pack:credits-5000")

    assert portal().endswith("/home")


def test_only_who_manages_billing_may_buy(shop):
    admin = make_member(shop.workspace, role=Role.ADMIN)

    with pytest.raises(RoleTooLow):
        start_checkout(
            actor=as_actor(admin),
            workspace_id=shop.workspace.id,
            item="plan:starter",
            gateway=shop.gateway,
        )
    with pytest.raises(RoleTooLow):
        open_portal(actor=as_actor(admin), workspace_id=shop.workspace.id, gateway=shop.gateway)


@pytest.mark.parametrize(
    "item", ["", "plan:", "plan:nothing", "pack:nothing", "credits-5000", "other:starter"]
)
def test_what_is_not_offered_is_not_found(shop, item):
    with pytest.raises(NotFound):
        shop.start(item)
    assert not shop.served.calls


@pytest.mark.parametrize("item", ["plan:free", "plan:enterprise"])
def test_what_has_no_price_is_not_sold(shop, item):
    with pytest.raises(PurchaseRefused):
        shop.start(item)


def test_a_deleted_customer_buys_nothing_more_by_itself(shop):
    subscription = shop.subscribe("starter")
    shop.world.delete_customer(subscription["customer"])
    shop.settle()

    with pytest.raises(PurchaseRefused):
        shop.start("pack:credits-5000")


def test_prices_are_put_up_once_and_anew_when_they_change(shop, world, capsys):
    for store in ("products", "prices"):
        world.stores[store].clear()

    call_command("stripe_sync_prices")
    first = dict(Plan.objects.values_list("key", "stripe_price_id"))
    call_command("stripe_sync_prices")
    again = dict(Plan.objects.values_list("key", "stripe_price_id"))
    Plan.objects.filter(pk="pro").update(price_cents=59_00)
    made = sync_prices(gateway=shop.gateway)

    assert first == again
    assert set(first.values()) == {None, first["starter"], first["pro"]}
    assert made["plan:pro"] != first["pro"]
    assert len(world.of("prices")) == 6
    assert len(world.of("configurations")) == 1
    features = world.of("configurations")[0]["features"]["subscription_update"]
    assert made["plan:pro"] in str(features)
    assert "plan:starter  price_" in capsys.readouterr().out


def test_a_subscriber_to_an_old_price_keeps_plan_and_credits(shop):
    Plan.objects.filter(pk="starter").update(stripe_price_id="price_new")
    customer = shop.world.make_customer({"workspace": shop.workspace.id})

    shop.world.subscribe(customer["id"], shop.price("plan:starter"))
    shop.settle()

    assert (shop.plan, shop.account.available) == ("starter", 10_000)


def test_without_keys_everything_says_so(buyer, owner, settings):
    settings.STRIPE_SECRET_KEY = ""

    with pytest.raises(PaymentsNotConfigured):
        start_checkout(actor=as_actor(owner), workspace_id=buyer.id, item="plan:starter")
    with pytest.raises(CommandError):
        call_command("stripe_sync_prices")


def test_the_version_is_the_one_whose_parameters_are_checked():
    assert API_VERSION == stripe._api_version._ApiVersion.CURRENT


def test_unknown_parameters_are_found_at_any_depth():
    assert unknown_params("GET", "/v1/invoices", {"created": {"gte": "1", "x": "2"}}) == [
        "created.x"
    ]
    assert unknown_params("POST", "/v1/unheard_of", {}) == ["POST /v1/unheard_of"]
    assert unknown_params("POST", "/v1/customers", {"metadata": {"any": "name"}}) == []


def test_every_call_of_the_gateway_was_checked(shop):
    """Each call that the fake knows is made here or in the tests beside; this makes the rest."""
    Plan.objects.filter(pk="pro").update(price_cents=5_000)  # a new price
    sync_prices(gateway=shop.gateway)
    subscription = shop.subscribe("starter")
    charge = shop.world.of("charges")[0]
    for _ in range(11):
        shop.world.refund(charge, 1)
    shop.world.dispute(charge)
    shop.world.of("invoices")[0]["lines"]["has_more"] = True
    shop.settle()
    shop.start("plan:pro")
    list(shop.gateway.list_events(since=shop.clock.now(), types=["invoice.paid"]))
    shop.gateway.read_checkout(shop.session()["id"])
    shop.start("pack:credits-5000")
    shop.gateway.expire_checkout(shop.session()["id"])
    sync_prices(gateway=shop.gateway)

    made = {call_of(call.method, call.path) for call in shop.served.calls}
    assert subscription["id"]
    assert made == set(CALLS)
