"""What staff decided about providers, and which accounts are refused: known for seconds everywhere."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from executor.models import ProviderBlock, ProviderSetting

FRESH_S = 3.0  # a change is heard of by every process within this


@dataclass(frozen=True, slots=True)
class Terms:
    """How a provider may be used: `max_jobs` at once in all, and by one account; `fee` is in credits."""

    is_off: bool = False
    max_jobs: int | None = None
    max_jobs_per_account: int | None = None
    fee: int = 0

    @property
    def has_limits(self) -> bool:
        """Whether open jobs have to be counted."""
        return self.max_jobs is not None or self.max_jobs_per_account is not None


USUAL = Terms()


@dataclass(frozen=True, slots=True)
class ProviderTerms:
    """All providers' terms, and until when accounts are left alone, by provider and account."""

    by_provider: Mapping[str, Terms] = field(default_factory=dict)
    blocks: Mapping[tuple[str, str], datetime] = field(default_factory=dict)

    def of(self, provider: str) -> Terms:
        """Return one provider's terms."""
        return self.by_provider.get(provider, USUAL)

    def is_blocked(self, provider: str, account: str, now: datetime) -> bool:
        """Say whether an account is left alone at the moment."""
        until = self.blocks.get((provider, account))
        return until is not None and now < until


_known: list[tuple[float, ProviderTerms]] = []


def get_terms() -> ProviderTerms:
    """Return the terms; two statements every few seconds in each process."""
    if _known and _known[0][0] > time.monotonic():
        return _known[0][1]
    terms = ProviderTerms(_read_terms(), _read_blocks())
    _known[:] = [(time.monotonic() + FRESH_S, terms)]
    return terms


def forget_terms() -> None:
    """Have this process ask the database again; after a change here."""
    _known.clear()


def _read_terms() -> dict[str, Terms]:
    rows = ProviderSetting.objects.values_list(
        "provider", "is_off", "max_jobs", "max_jobs_per_account", "own_key_fee"
    )
    return {
        provider: Terms(is_off, max_jobs, per_account, fee)
        for provider, is_off, max_jobs, per_account, fee in rows
    }


def _read_blocks() -> dict[tuple[str, str], datetime]:
    rows = ProviderBlock.objects.filter(closed_at=None).values_list("provider", "account", "until")
    return {(provider, account): until for provider, account, until in rows}
