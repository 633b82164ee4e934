"""What payments are worth in credits."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.gateway import InvoiceFact, LineFact
from billing.services.payments.rules import invoice_credits, line_credits, share_of

MONTHLY = {"price_starter": 10_000, "price_pro": 50_000}
JUNE, MID_JUNE, JULY = (
    datetime(2026, 6, 1, tzinfo=UTC),
    datetime(2026, 6, 16, tzinfo=UTC),
    datetime(2026, 7, 1, tzinfo=UTC),
)


def line(
    price: str, amount: int, start: datetime = JUNE, end: datetime = JULY, **fields
) -> LineFact:
    known = {"id": f"il_{price}", "product_id": "", "quantity": 1, "is_proration": False, **fields}
    return LineFact(price_id=price, amount=amount, start=start, end=end, **known)


def invoice(*lines: LineFact) -> InvoiceFact:
    return InvoiceFact("in_1", JUNE, frozenset(), lines)


def given_by(*lines: LineFact) -> dict[str, int]:
    worth = invoice_credits(invoice(*lines), MONTHLY)
    return {grant.line_id: grant.credits for grant in worth.grants}


def test_a_month_brings_its_credits_until_its_end():
    worth = invoice_credits(invoice(line("price_starter", 1_200)), MONTHLY)

    assert [(g.line_id, g.credits, g.expires_at) for g in worth.grants] == [
        ("il_price_starter", 10_000, JULY)
    ]
    assert worth.taken == 0


def test_quantities_count():
    assert given_by(line("price_starter", 2_400, quantity=2)) == {"il_price_starter": 20_000}


def test_half_a_month_of_each_after_an_upgrade_in_the_middle():
    old = line("price_starter", -600, MID_JUNE, is_proration=True)
    new = line("price_pro", 2_450, MID_JUNE, is_proration=True)

    assert given_by(old, new) == {"il_price_pro": 25_000 - 5_000}


def test_a_downgrade_takes_the_difference():
    old = line("price_pro", -2_450, MID_JUNE, is_proration=True)
    new = line("price_starter", 600, MID_JUNE, is_proration=True)

    worth = invoice_credits(invoice(old, new), MONTHLY)

    assert (worth.grants, worth.taken, worth.taken_line_id) == ((), 20_000, "il_price_pro")


def test_unused_time_does_not_lessen_a_whole_month_on_the_same_invoice():
    old = line("price_pro", -4_900, MID_JUNE, is_proration=True)
    whole = line("price_starter", 1_200)

    worth = invoice_credits(invoice(old, whole), MONTHLY)

    assert [grant.credits for grant in worth.grants] == [10_000]
    assert worth.taken == 25_000


@pytest.mark.parametrize("other", [line("price_other", 500), line("price_pro", 0)])
def test_other_things_and_what_cost_nothing_bring_nothing(other):
    assert given_by(other) == {}


def test_a_plan_is_known_by_its_product_when_its_price_is_an_old_one():
    old = line("price_old", 900, product_id="pixelflow_plan_pro")

    worth = invoice_credits(invoice(old), {"pixelflow_plan_pro": 50_000})

    assert [grant.credits for grant in worth.grants] == [50_000]


@given(start=st.integers(10**7, 2**31), end=st.integers(10**7, 2**31))
def test_a_part_is_never_worth_more_than_the_month(start, end):
    start, end = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)

    part = line("price_pro", 1, start, end, is_proration=True)

    assert 0 <= line_credits(part, MONTHLY) <= 50_000


@given(st.integers(0, 2**53), st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_shares_of_a_payment_never_exceed_the_whole(credits_, parts):
    whole = sum(parts)
    shares = [share_of(credits_, part=part, whole=whole) for part in parts]

    assert credits_ - len(parts) < sum(shares) <= credits_ or credits_ == sum(shares)
    assert share_of(credits_, part=whole * 2, whole=whole) == credits_
    assert share_of(credits_, part=1, whole=0) == 0
