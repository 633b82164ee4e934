"""`manage.py serve`: the whole platform in one process, ready to be tried."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from common.errors import PixelFlowError
from pixelflow_site.demo import Demo, ensure_demo
from pixelflow_site.server.embedded import HOST, hold_data_dir, run_server
from templates_gallery.api import load_library

BANNER = """
Pixelflow is ready.

  Site      {base}
  Admin     {base}/admin/
  API docs  {base}/docs/api
  Sign in   {email}   {password}

Run the starter workflow, then ask for its result:

EXECUTION=$(curl -s -X POST {base}/api/v1/workflows/{workflow}/execute \\
  -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\
  -d '{{"inputs": {{"photo": {{"fileId": "{photo}"}}, "caption": "Hello"}}}}' \\
  | sed -E 's/.*"executionId":"([^"]+)".*/\\1/')

curl -s "{base}/api/v1/workflows/executions/$EXECUTION/poll?wait=30" \\
  -H "Authorization: Bearer {key}"

The same keys and ids are in {file}.
"""


class Command(BaseCommand):
    help = "Migrate, make the demo workspace, and serve site, API and workers in one process."

    def handle(self, *_: Any, **__: Any) -> None:
        lock = hold_data_dir(settings.DATA_DIR)
        with lock:
            _migrate()
            self._load_templates()
            self._print(ensure_demo())
            run_server(settings.PORT)

    def _load_templates(self) -> None:
        """List the library's templates; what is wrong with one keeps no server from starting."""
        try:
            report = load_library()
        except PixelFlowError as error:
            self.stderr.write(f"Templates were not loaded. {error.detail}")
            return
        if not report.is_quiet:
            self.stdout.write(f"Templates: {report}")

    def _print(self, demo: Demo) -> None:
        text = BANNER.format(
            base=demo.baseUrl,
            email=demo.email,
            password=demo.password,
            key=demo.liveKey,
            workflow=demo.workflowId,
            photo=demo.photoId,
            file=settings.DATA_DIR / "demo.json",
        )
        self.stdout.write(text)
        self.stdout.write(f"Listening on {HOST}:{settings.PORT}. Ctrl-C stops it.")
        self.stdout.flush()


def _migrate() -> None:
    """Migrate where something is missing; a second start has nothing to do and is quick."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0)
