"""What staff decide about providers; every process hears of it within seconds."""

from dataclasses import asdict

from django.db import transaction

from accounts.api import PLATFORM as PLATFORM_CHAIN
from accounts.api import Actor, RoleTooLow, record_audit
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import InvalidInputs, Issue, NotFound
from executor.models import ProviderBlock, ProviderSetting
from executor.selectors.provider_terms import Terms, forget_terms
from workflows.catalogue.providers import PROVIDERS

MAX_FEE = 1_000_000  # credits for one run; more is a slip of the pen


@transaction.atomic
def set_provider_terms(
    *, actor: Actor, provider: str, terms: Terms, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Decide how a provider may be used.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        InvalidInputs: there is no such provider, or a figure is out of bounds.
    """
    if not actor.acts_everywhere:
        raise RoleTooLow
    _check(provider, terms)
    now = clock.now()
    before = ProviderSetting.objects.select_for_update().filter(pk=provider).first()
    ProviderSetting.objects.update_or_create(
        pk=provider,
        defaults={
            "is_off": terms.is_off,
            "max_jobs": terms.max_jobs,
            "max_jobs_per_account": terms.max_jobs_per_account,
            "own_key_fee": terms.fee,
            "updated_at": now,
            "updated_by": actor.label,
        },
    )
    transaction.on_commit(forget_terms)
    record_audit(
        actor=actor,
        workspace_id=PLATFORM_CHAIN,
        verb="change",
        object_type="provider",
        object_id=provider,
        before=None if before is None else asdict(_terms_of(before)),
        after=asdict(terms),
        now=now,
    )


@transaction.atomic
def lift_block(*, actor: Actor, block_id: int, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Have an account tried again that its provider refused; says whether it was left alone.

    For staff who mended it: paid a bill, renewed a key. Is it refused again, it is blocked again.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        NotFound: there is no such block.
    """
    if not actor.acts_everywhere:
        raise RoleTooLow
    block = ProviderBlock.objects.select_for_update().filter(pk=block_id).first()
    if block is None:
        raise NotFound
    if block.closed_at is not None:
        return False
    now = clock.now()
    block.closed_at = now
    block.save(update_fields=["closed_at"])
    transaction.on_commit(forget_terms)
    record_audit(
        actor=actor,
        workspace_id=PLATFORM_CHAIN,
        verb="unblock",
        object_type="provider",
        object_id=str(block),
        now=now,
    )
    return True


def _check(provider: str, terms: Terms) -> None:
    issues = []
    if provider not in PROVIDERS:
        issues.append(Issue("/provider", "not_found", "There is no such provider."))
    if not 0 <= terms.fee <= MAX_FEE:
        issues.append(Issue("/own_key_fee", "out_of_range", f"From 0 to {MAX_FEE:,} credits."))
    for name in ("max_jobs", "max_jobs_per_account"):
        figure = getattr(terms, name)
        if figure is not None and figure < 1:
            message = "At least 1; to use none of a provider, switch it off."
            issues.append(Issue(f"/{name}", "out_of_range", message))
    if issues:
        raise InvalidInputs(issues)


def _terms_of(row: ProviderSetting) -> Terms:
    return Terms(row.is_off, row.max_jobs, row.max_jobs_per_account, row.own_key_fee)
