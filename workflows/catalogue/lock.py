"""The lock file: the committed public shape of the catalogue.

A change of a port, bound, default or price shows as a diff of `lock.json`, so nobody makes one by
accident; `scripts/catalogue --write` renews it.
"""

import json
from pathlib import Path

from workflows.catalogue.load import Catalogue

LOCK_PATH = Path(__file__).with_name("lock.json")


def render_lock(catalogue: Catalogue) -> str:
    """Return the text that the lock file should have."""
    specs = [catalogue.specs[name] for name in sorted(catalogue.specs)]
    shape = {
        "nodes": {spec.type: spec.as_json() for spec in specs if spec.model is None},
        # Their files are data and show each change themselves; the digests keep them in step.
        "models": {spec.model.key: spec.digest for spec in specs if spec.model is not None},
    }
    return json.dumps(shape, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
