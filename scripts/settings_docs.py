"""Makes docs/settings.md out of the keys that `pixelflow_site.settings.env` declares."""

import sys
from pathlib import Path

from pixelflow_site.settings.env import describe_keys

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"

HEADING = """\
# Settings

Pixelflow is set by its environment alone. This page is made from `pixelflow_site/settings/env.py`
by `scripts/fix`; a test compares the two.

Each `KEY` may be given as `KEY_FILE` instead: the path of a file that holds the value. With no
`DATABASE_URL` the server runs embedded: SQLite, media and secrets live in `DATA_DIR`, and a secret
that is not set is made once and kept there. With it, a secret that is not set refuses to start.

"""


def render() -> str:
    """Return the page as it should stand."""
    return HEADING + describe_keys()


def main(arguments: list[str]) -> int:
    """Write the page (`--write`), or say with the exit status whether it is current (`--check`)."""
    if arguments == ["--write"]:
        PAGE.write_text(render(), "utf-8")
        return 0
    if arguments != ["--check"]:
        sys.stderr.write("usage: settings_docs --write | --check\n")
        return 2
    if PAGE.read_text("utf-8") == render():
        return 0
    sys.stderr.write("docs/settings.md is not current: run scripts/fix\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
