"""Templates keep to the content security policy and to the components' names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPED = {".venv", "var", "frontend", "node_modules"}
COMPONENTS = ROOT / "common/templates/cotton"

# Django's admin has a policy of its own: its templates may go on as Django's do.
ADMIN = re.compile(r'{% extends "admin/')
MAIL = re.compile(r"(^|/)(e?mails?)/")


def templates() -> list[Path]:
    """Return our page templates; mail is read elsewhere, the admin's are under no policy."""
    found = [
        path
        for path in ROOT.rglob("*.html")
        if "templates" in path.parts and not SKIPPED & set(path.relative_to(ROOT).parts)
    ]
    return sorted(
        path
        for path in found
        if not ADMIN.search(path.read_text(encoding="utf-8"))
        and "/admin/" not in str(path)
        and not MAIL.search(str(path.relative_to(ROOT)))
        and not path.name.endswith("_message.html")
    )


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("inline style", r"\sstyle\s*="),
        ("inline handler", r"\son[a-z]+\s*="),
        ("style element", r"<style\b"),
        ("script without nonce or address", r"<script\b(?![^>]*\s(?:nonce|src)=)"),
        ("address of a script", r"javascript:"),
        ("file of another origin", r"<(?:script|img|video|audio|source)\b[^>]*\ssrc=\"https?:"),
        ("style sheet of another origin", r"<link\b[^>]*rel=\"stylesheet\"[^>]*https?:"),
    ],
)
def test_g_31_templates_hold_nothing_that_the_policy_refuses(what: str, pattern: str) -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in templates()
        for match in re.finditer(pattern, path.read_text(encoding="utf-8"), re.IGNORECASE)
    ]

    assert broken == [], what


def test_every_component_that_is_used_is_there() -> None:
    known = {path.stem.replace("_", "-") for path in COMPONENTS.glob("*.html")}
    known |= {"vars", "slot"}

    unknown = {
        f"{path.relative_to(ROOT)}: <c-{name}>"
        for path in templates()
        for name in re.findall(r"<c-([a-z][a-z-]*)", path.read_text(encoding="utf-8"))
        if name not in known
    }

    assert unknown == set()
