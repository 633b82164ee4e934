"""Resolves everything that pyproject.toml names and writes it to constraints.txt."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "constraints.txt"


def list_wanted() -> list[str]:
    """Return the requirements of the project and of all its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    return [*project["dependencies"], *(name for extra in extras for name in extra)]


def resolve(wanted: list[str]) -> list[str]:
    """Return `name==version` of everything that pip would install into an empty environment."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--quiet", "--report", "-", *wanted]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return [_as_pin(entry["metadata"]) for entry in report["install"]]


def _as_pin(metadata: dict[str, str]) -> str:
    public_version = metadata["version"].split("+")[0]  # 2.13.0+cpu and 2.13.0+cu130 are one pin
    return f"{metadata['name']}=={public_version}"


def main() -> None:
    """Keep the comment at the top of the file and replace the pins beneath it."""
    lines = LOCK.read_text("utf-8").splitlines()
    heading = [line for line in lines if line.startswith("#")]
    pins = sorted(resolve(list_wanted()), key=str.lower)
    LOCK.write_text("\n".join([*heading, *pins]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
