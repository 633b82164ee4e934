"""`manage.py check_invariants`: whether what must hold of the stored runs holds. Reads only."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from executor.selectors.invariants import Finding, check_invariants
from executor.services.media_check import find_wrong_objects


class Command(BaseCommand):
    help = "Check the invariants of stored runs; the exit code is 1 when one is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--files", action="store_true", help="also read all media (slow)")
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="print one JSON document"
        )

    def handle(self, *, files: bool, as_json: bool, **_: Any) -> None:
        findings = check_invariants()
        if files:
            findings.append(find_wrong_objects())
        self._print(findings, as_json=as_json)
        broken = sum(1 for finding in findings if finding.broken)
        if broken:
            raise CommandError(f"{broken} of {len(findings)} invariants are broken")

    def _print(self, findings: list[Finding], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings]))
            return
        for finding in findings:
            verdict = f"BROKEN {finding.broken}" if finding.broken else "ok"
            self.stdout.write(
                f"{finding.code:4} {verdict:10} {finding.checked:>9,} checked  {finding.rule}"
            )
            for example in finding.examples:
                self.stdout.write(f"       {example}")
