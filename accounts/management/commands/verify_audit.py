"""`verify_audit`: that the audit log is as it was written; `--anchors` prints what to keep elsewhere."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.selectors import find_audit_breach, list_anchors, list_audited
from accounts.types import AuditMark


class Command(BaseCommand):
    help = "Walk the chains of the audit log, and name the first entry that was tampered with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", metavar="WORKSPACE_ID", help="only this one's chain")
        parser.add_argument(
            "--kept", type=Path, metavar="FILE", help="anchors kept elsewhere, to compare with"
        )
        parser.add_argument(
            "--anchors", action="store_true", help="print all anchors, a line of JSON each"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["anchors"]:
            for mark in list_anchors():
                self.stdout.write(json.dumps(asdict(mark)))
            return
        kept = _read_kept(options["kept"]) if options["kept"] else []
        one = options["workspace"]
        chains = {*list_audited(), *(mark.workspace_id for mark in kept)} if one is None else {one}
        breaches = [
            breach
            for chain in sorted(chains)
            if (breach := find_audit_breach(chain, kept=kept)) is not None
        ]
        for breach in breaches:
            name = breach.workspace_id or "the platform"
            self.stdout.write(f"{name}: entry {breach.number} {breach.reason}.")
        if breaches:
            raise CommandError(f"{len(breaches)} of {len(chains)} chains are broken.")
        self.stdout.write(f"{len(chains)} chains are whole.")


def _read_kept(path: Path) -> list[AuditMark]:
    """Return the anchors in a file that `--anchors` printed."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [AuditMark(**json.loads(line)) for line in lines if line.strip()]
    except (OSError, ValueError, TypeError) as error:
        raise CommandError(f"{path} holds no anchors: {error}") from error
