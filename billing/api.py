"""The door of `billing`: what other apps may use of it."""

from billing.errors import (
    DailyQuotaExceeded,
    InsufficientCredits,
    LimitExceeded,
    OverMaxCredits,
    PaymentRequired,
    PaymentsNotConfigured,
    PaymentsUnavailable,
    PurchaseRefused,
    RateLimited,
)
from billing.selectors.balances import get_balance, get_waiting_credits
from billing.selectors.checks import LedgerFinding, check_ledger, count_imbalances
from billing.selectors.holds import RunSums, list_run_sums
from billing.selectors.limits import forget_limits, get_limits, limits_of
from billing.selectors.payments import (
    find_checkout_state,
    get_subscription,
    is_payments_configured,
    list_offered_packs,
    list_offered_plans,
)
from billing.selectors.statement import list_statement
from billing.selectors.usage import sum_counted
from billing.services.accounts import open_workspace, release_plan_credits
from billing.services.balances import refresh_account
from billing.services.payments.applying import apply_due as apply_stripe_events
from billing.services.payments.catching_up import (
    catch_up_events,
    compare_subscriptions,
    forget_events,
)
from billing.services.payments.checkout import open_portal, start_checkout
from billing.services.refunds import refund_run
from billing.services.renewals import expire_all_due, renew_due
from billing.services.runs import CappedKey, Capture, month_of, reserve_run, settle_run
from billing.services.usage import add_usage
from billing.services.windows import (
    admit_session,
    count_execution,
)
from billing.types import (
    BalanceRef,
    IntentState,
    NodePrice,
    OfferRef,
    PlanLimits,
    RunRequest,
    StatementLine,
    SubscriptionRef,
    UsageGroup,
    UsageQuery,
    UsageSlot,
    Used,
)

__all__ = [
    "BalanceRef",
    "CappedKey",
    "Capture",
    "DailyQuotaExceeded",
    "InsufficientCredits",
    "IntentState",
    "LedgerFinding",
    "LimitExceeded",
    "NodePrice",
    "OfferRef",
    "OverMaxCredits",
    "PaymentRequired",
    "PaymentsNotConfigured",
    "PaymentsUnavailable",
    "PlanLimits",
    "PurchaseRefused",
    "RateLimited",
    "RunRequest",
    "RunSums",
    "StatementLine",
    "SubscriptionRef",
    "UsageGroup",
    "UsageQuery",
    "UsageSlot",
    "Used",
    "add_usage",
    "admit_session",
    "apply_stripe_events",
    "catch_up_events",
    "check_ledger",
    "compare_subscriptions",
    "count_execution",
    "count_imbalances",
    "expire_all_due",
    "find_checkout_state",
    "forget_events",
    "forget_limits",
    "get_balance",
    "get_limits",
    "get_subscription",
    "get_waiting_credits",
    "is_payments_configured",
    "limits_of",
    "list_offered_packs",
    "list_offered_plans",
    "list_run_sums",
    "list_statement",
    "month_of",
    "open_portal",
    "open_workspace",
    "refresh_account",
    "refund_run",
    "release_plan_credits",
    "renew_due",
    "reserve_run",
    "settle_run",
    "start_checkout",
    "sum_counted",
]
