"""The course of a remote task in a run of a test key: make, store, and meet the trouble asked for."""

import logging
from collections.abc import Sequence

from executor.models import Execution, File
from executor.providers.base import ResultFile
from executor.providers.errors import ProviderError
from executor.runtime.errand import Errand
from executor.runtime.rehearsal import Rehearsal, Scene, failure_of, files_of, pauses_of
from executor.services.provider_files import import_result
from executor.simulate.types import MadeFile
from executor.types import AttemptState, RunError
from workflows.catalogue.errors import NodeFailed

logger = logging.getLogger(__name__)


class Rehearsing(Errand):
    """One claimed task, as far as it is simulated. No attempt is written down, for nobody is asked."""

    async def _rehearse(self, rehearsal: Rehearsal) -> None:
        """Do in place of a provider what a task asks for."""
        began_at = self.shop.clock.now()
        self._check()
        for done, seconds in pauses_of(rehearsal.trouble):
            await self._rest(seconds)
            self.shop.teller.tell(self.claim, rehearsal.node_id, progress=done)
        failure = failure_of(rehearsal)
        if failure is not None:
            await self._fail_rehearsal(failure)
            return
        try:
            async with self.shop.rehearsing:
                self._check()
                scene, rows = await self.shop.in_fetcher(self._made, rehearsal)
        except NodeFailed as error:
            await self._fail_rehearsal(RunError(error.code, error.message, rehearsal.node_id))
            return
        await self._in_work(lambda work: work.conclude(scene, rows, began_at=began_at))

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
