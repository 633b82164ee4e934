"""Taking over what a provider gave: kept first, then its files fetched into our own store."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from common import faults
from executor.models import Attempt, File
from executor.providers.base import Answer, Done
from executor.providers.errors import ProviderError, Unanswered
from executor.runtime.errand import BACKOFF_S, Errand
from executor.services import attempts
from executor.services.provider_files import NotStored, ResultGone, import_result

logger = logging.getLogger(__name__)

MAX_FETCHES = 3
STORE_WAITS_S = (0.5, 1.0, 2.0, 4.0, 5.0)  # while our own store is away
STORE_AGAIN_S = 30.0  # then the task is let go of, if its answer is in a row
STORE_PATIENCE = timedelta(hours=1)  # beyond the time after which the job is given up


class Collecting(Errand):
    """One claimed task, as far as it is done at its provider."""

    price: Callable[[Any], int]  # what the node costs if it completes, by the answer's data

    async def _take(self, attempt: Attempt, answer: Answer) -> bool:
        """Keep the first final word, then fetch; an answer with its files in it is fetched first."""
        if not answer.is_storable:
            return await self._fetch(attempt, answer)
        await self._commit(attempts.record_answer, attempt=attempt, answer=answer.as_json())
        return True

    async def _fetch(self, attempt: Attempt, answer: Answer) -> bool:
        rows = await self._fetched(attempt, answer)
        if rows is None:
            return False
        cost, told = self.price(answer.data), self.told
        await self._in_work(
            lambda work: work.complete(attempt, answer, rows, price_credits=cost, told=told)
        )
        return False

    async def _fetched(self, attempt: Attempt, answer: Answer) -> Sequence[File] | None:
        """Return the rows of the answer's files; None when they cannot be had, and the node failed."""
        for turn in range(MAX_FETCHES):
            try:
                return await self._import_all(attempt, answer)
            except ProviderError as error:
                await self._fail_with(error, result=_kept(answer))
                return None
            except ResultGone as gone:
                logger.warning("result gone: %s", gone, extra={"action": "provider_result_gone"})
                await self._rest(BACKOFF_S * 2**turn)
                answer = await self._answer_again(attempt, answer)
        lost = ProviderError("The provider's result could not be fetched.", retryable=True)
        await self._fail_with(lost, result=_kept(answer))
        return None

    async def _import_all(self, attempt: Attempt, answer: Answer) -> Sequence[File]:
        rows = []
        for file in answer.files:
            self._check()
            faults.point("remote.before_fetch")
            fetching = partial(
                self.shop.in_fetcher,
                import_result,
                file=file,
                account=self.account,
                headers=self.adapter.key_headers() if file.needs_key else {},
                workspace_id=attempt.workspace_id,
                execution_id=attempt.execution_id,
                clock=self.shop.clock,
            )
            rows.append(await self._imported(fetching, answer))
            faults.point("remote.after_fetch")
        return rows

    async def _imported(self, fetch: Callable[[], Awaitable[File]], answer: Answer) -> File:
        """Fetch a file into the store; while that is away, what may be paid for is kept.

        Raises:
            LetGo: it stays away, and the answer is in its row.
            ProviderError: it stays away, and nothing but this process has the answer.
        """
        for wait_s in STORE_WAITS_S:
            try:
                return await self._counted("fetch", fetch())
            except NotStored as error:
                logger.warning("not stored: %s", error.__cause__, extra={"action": "store_away"})
                await self._rest(wait_s)
        if answer.is_storable and self.shop.clock.now() < self.give_up_at + STORE_PATIENCE:
            again_at = self.shop.clock.now() + timedelta(seconds=STORE_AGAIN_S)
            await self._wait(again_at, for_job=True)
        raise ProviderError("The result could not be stored.", retryable=True)

    async def _answer_again(self, attempt: Attempt, answer: Answer) -> Answer:
        """Ask for the answer anew, whose links may be fresher. What was final stays final."""
        if attempt.handle is None:
            return answer
        try:
            found = await self._counted("poll", self.adapter.poll(attempt.handle))
        except (ProviderError, Unanswered):
            return answer
        if isinstance(found, Done):
            return found.answer
        logger.error(
            "%s takes back what was done", attempt.provider,
            extra={"action": "provider_contradiction", "attempt": attempt.id},
        )  # fmt: skip
        return answer


def _kept(answer: Answer) -> dict[str, Any]:
    """Return what is kept of an answer that came to nothing: what it cost is in there."""
    return answer.as_json() if answer.is_storable else {"data": answer.data, "files": []}
