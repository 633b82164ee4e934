"""`manage.py demo`: the starter workflow on a photograph, over HTTP, as any client would."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Run the starter workflow on a photograph against the running server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--photo", type=Path, help="a picture; else one of scikit-image's")
        parser.add_argument("--out", type=Path, default=Path(settings.DATA_DIR) / "demo.jpg")

    def handle(self, *, photo: Path | None, out: Path, **_: Any) -> None:
        access = _access()
        source = photo or _bundled_photo()
        began = time.monotonic()
        with httpx.Client(
            base_url=access["baseUrl"],
            headers={"Authorization": f"Bearer {access['liveKey']}"},
            timeout=60,
            trust_env=False,
        ) as client:
            result = _run(client, access["workflowId"], source)
            image = result["outputs"]["image"]
            out.write_bytes(_checked(client.get(image["url"])).content)
        size = f"{image['width']}×{image['height']}, {image['bytes']:,} bytes"
        self.stdout.write(f"{source.name} → {out} ({size}) in {time.monotonic() - began:.2f} s")


def _run(client: httpx.Client, workflow: str, source: Path) -> dict[str, Any]:
    with source.open("rb") as stream:
        uploaded = _checked(client.post("/api/v1/files", files={"file": stream})).json()
    body = {"inputs": {"photo": {"fileId": uploaded["id"]}, "caption": "Made with Pixelflow"}}
    accepted = _checked(client.post(f"/api/v1/workflows/{workflow}/execute", json=body)).json()
    while True:
        answer = _checked(client.get(accepted["pollUrl"], params={"wait": 30})).json()
        if answer["status"] == "COMPLETED":
            return dict(answer)
        if answer["status"] in ("FAILED", "CANCELLED"):
            raise CommandError(f"the run ended {answer['status']}: {answer['error']}")


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        raise CommandError(
            f"{response.request.url} answered {response.status_code}: {response.text}"
        )
    return response


def _access() -> dict[str, Any]:
    path = Path(settings.DATA_DIR) / "demo.json"
    if not path.exists():
        raise CommandError("start the server first: make run")
    access: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return access


def _bundled_photo() -> Path:
    """Return the public-domain photograph in scikit-image's wheel, a development dependency."""
    try:
        from skimage import data_dir  # noqa: PLC0415 - optional
    except ImportError:
        raise CommandError(
            "give a picture with --photo, or install the development tools"
        ) from None
    return Path(data_dir) / "astronaut.png"
