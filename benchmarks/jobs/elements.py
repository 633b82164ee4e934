"""Calling a node's function for each element of a list, and nothing else (P4's baseline)."""

import json
import time

from benchmarks.graphs import ELEMENTS
from workflows.catalogue.load import build_catalogue


def main(rounds: str) -> None:
    """Print the ms of each round."""
    spec = build_catalogue().specs["text.case"]
    node, figures = spec.node(), []
    for _ in range(int(rounds)):
        began = time.perf_counter()
        for index in range(ELEMENTS):
            record = spec.input_record.model_validate({"text": f"word {index}", "case": "upper"})
            try:
                node.run(None, record).send(None)  # type: ignore[arg-type]
            except StopIteration:
                continue
        figures.append((time.perf_counter() - began) * 1_000)
    print(json.dumps(figures), flush=True)
