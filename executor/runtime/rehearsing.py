"""The course of a remote task in a run of a test key: make, store, and meet the trouble asked for."""

import logging
from collections.abc import Mapping, Sequence

from executor.models import Execution, File
from executor.providers.base import ResultFile
from executor.providers.errors import ProviderError
from executor.runtime.errand import Errand
from executor.runtime.rehearsal import Rehearsal, Scene, files_of
from executor.services.provider_files import import_result
from executor.simulate.trouble import Trouble
from executor.simulate.types import MadeFile
from executor.types import AttemptState, RunError
from workflows.catalogue.errors import NodeFailed

logger = logging.getLogger(__name__)

SLOW_S = 3.0
SLOW_STEPS = 10  # in which its progress moves
RETRIES_S = (0.5, 1.0)  # that a rate limit is waited for before it counts

# Codes as of live runs; the message says that it was asked for.
_FAILURES: Mapping[Trouble, tuple[str, str, bool]] = {
    Trouble.FAIL: ("provider_error", "A simulated failure", False),
    Trouble.REFUSE: ("content_policy", "A simulated refusal", False),
    Trouble.RATE_LIMIT: ("provider_rate_limited", "A simulated rate limit", True),
}


class Rehearsing(Errand):
    """One claimed task, as far as it is simulated. No attempt is written down, for nobody is asked."""

    async def _rehearse(self, rehearsal: Rehearsal) -> None:
        """Do in place of a provider what a task asks for."""
        began_at = self.shop.clock.now()
        await self._take_time(rehearsal)
        trouble = rehearsal.trouble
        if trouble is not None and trouble in _FAILURES:
            code, message, retryable = _FAILURES[trouble]
            text = f"{message}, as metadata.simulate asks for."
            await self._fail_rehearsal(RunError(code, text, rehearsal.node_id, retryable))
            return
        try:
            scene, rows = await self.shop.in_fetcher(self._made, rehearsal)
        except NodeFailed as error:
            await self._fail_rehearsal(RunError(error.code, error.message, rehearsal.node_id))
            return
        await self._in_work(lambda work: work.conclude(scene, rows, began_at=began_at))

    async def _take_time(self, rehearsal: Rehearsal) -> None:
        """Take as long as the trouble wants; a run that ends meanwhile is let go of."""
        match rehearsal.trouble:
            case Trouble.SLOW:
                for step in range(1, SLOW_STEPS + 1):
                    await self._rest(SLOW_S / SLOW_STEPS)
                    done = min(step / SLOW_STEPS, 0.99)
                    self.shop.teller.tell(self.claim, rehearsal.node_id, progress=done)
            case Trouble.RATE_LIMIT:
                for seconds in RETRIES_S:
                    await self._rest(seconds)
            case _:
                self._check()

    async def _fail_rehearsal(self, error: RunError) -> None:
        await self._in_work(lambda work: work.fail(error, attempt=None, to=AttemptState.FAILED))

    def _made(self, rehearsal: Rehearsal) -> tuple[Scene, Sequence[File]]:
        """Make a result, and bring its files into the store as a provider's; in a thread.

        Raises:
            NodeFailed: an input cannot be read, or nothing could be made of it.
        """
        try:
            scene = rehearsal.make()
        except NodeFailed:
            raise
        except Exception as error:  # the edge between what simulates and the run
            logger.exception("not simulated", extra={"action": "simulation_broke"})
            raise NodeFailed("internal", "This could not be simulated.") from error
        return scene, [self._stored(file, rehearsal.execution) for file in files_of(scene)]

    def _stored(self, file: MadeFile, execution: Execution) -> File:
        try:
            return import_result(
                file=ResultFile(file.kind, data=file.data),
                workspace_id=execution.workspace_id,
                execution_id=execution.id,
                clock=self.shop.clock,
            )
        except ProviderError as error:  # what is made here is not what it should be
            logger.exception("not simulated", extra={"action": "simulation_broke"})
            raise NodeFailed("internal", "This could not be simulated.") from error
