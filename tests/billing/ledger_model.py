"""What the ledger should do, said as simply as it can be: a list of single credits.

No lots, no settling, no laziness: each credit of a workspace is one item that knows when it
expires. `tests/billing/test_ledger_programs.py` holds the real ledger against it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

NEVER = datetime.max.replace(tzinfo=UTC)


class Refused(Exception):
    """What was asked for is not allowed; nothing changed."""


@dataclass(frozen=True, slots=True)
class Credit:
    """One credit: when it expires, the number of the grant it came with, and that grant's key."""

    expires_at: datetime
    number: int
    key: str


@dataclass
class Run:
    """What a run holds still, and what it was charged, less what it got back."""

    held: int = 0
    charged: int = 0
    month: datetime | None = None


@dataclass
class Model:
    """A workspace's credits. Those that runs hold are among `credits` until they are captured."""

    available: int = 0
    held: int = 0
    credits: list[Credit] = field(default_factory=list)
    facts: set[str] = field(default_factory=set)
    runs: dict[str, Run] = field(default_factory=dict)
    of_key: Counter[datetime] = field(default_factory=Counter)
    clawed_back: int = 0
    numbers: int = 0

    def grant(self, key: str, amount: int, expires_at: datetime | None) -> bool:
        """Credits come in, once for each key; debts come first."""
        if key in self.facts:
            return False
        self.facts.add(key)
        owed = max(-(self.available + self.held), 0)
        self.available += amount
        self.numbers += 1
        new = Credit(expires_at or NEVER, self.numbers, key)
        self.credits += [new] * max(amount - owed, 0)
        return True

    def hold(self, run: str, amount: int, now: datetime, cap: int | None) -> None:
        """A run starts if what has not expired, and its key's cap, can pay for it."""
        expired = self._expired(now)
        if amount and self.available - len(expired) < amount:
            raise Refused
        month = now.replace(day=1, hour=0)
        if cap is not None and amount:
            if self.of_key[month] + amount > cap:
                raise Refused
            self.of_key[month] += amount
        self.expire(now)
        self.available -= amount
        self.held += amount
        self.runs[run] = Run(amount, month=month if cap is not None else None)

    def capture(self, run: str, amount: int) -> None:
        """Held credits are spent: those that expire first."""
        self.held -= amount
        self.runs[run].held -= amount
        self.runs[run].charged += amount
        self._take(amount, lambda credit: (credit.expires_at, credit.number))

    def release(self, run: str) -> None:
        """A run lets go of what it holds."""
        rest, self.runs[run].held = self.runs[run].held, 0
        self.held -= rest
        self.available += rest
        if (month := self.runs[run].month) is not None:
            self.of_key[month] -= rest

    def expire(self, now: datetime) -> int:
        """What expired goes, but for as much as runs hold: of that, what expired first stays."""
        expired = self._expired(now)
        for credit in expired:
            self.credits.remove(credit)
        self.available -= len(expired)
        return len(expired)

    def claw_back(self, key: str, amount: int, grant_key: str) -> bool:
        """A payment was taken back: its grant's credits go first, and what is missing is owed."""
        if f"clawback {key}" in self.facts:
            return False
        self.facts.add(f"clawback {key}")
        before = max(self.available + self.held, 0)
        self.available -= amount
        self.clawed_back += amount
        lost = before - max(self.available + self.held, 0)
        self._take(lost, lambda credit: (credit.key != grant_key, credit.expires_at, credit.number))
        return True

    def refund(self, run: str, key: str, amount: int) -> bool:
        """A run gets back what it was charged, and no more."""
        key = f"refund:{run}:{key}"
        if key in self.facts:
            return False
        if amount > self.runs[run].charged:
            raise Refused
        self.runs[run].charged -= amount
        return self.grant(key, amount, None)

    def take_away(self, amount: int) -> None:
        """Staff take credits, of those that are available."""
        if amount > self.available:
            raise Refused
        self.available -= amount
        self._take(amount, lambda credit: (credit.expires_at, credit.number))

    def left(self) -> dict[str, int]:
        """Return how many credits are left of each grant."""
        return dict(Counter(credit.key for credit in self.credits))

    def _expired(self, now: datetime) -> list[Credit]:
        over = [credit for credit in self.credits if credit.expires_at <= now]
        newest_first = sorted(over, key=lambda c: (-c.expires_at.timestamp(), c.number))
        return newest_first[: max(len(over) - self.held, 0)]

    def _take(self, amount: int, order: Callable[[Credit], tuple[object, ...]]) -> None:
        self.credits = sorted(self.credits, key=order)[amount:]
