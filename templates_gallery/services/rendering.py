"""Running the examples of the library for real, and keeping what they give beside them.

Templates of nodes that run here are run live, those with models in test mode: their results are
marked as simulated. To be called in a process with a database of its own and a migrated schema
(`manage.py templates --render` makes one): nothing of the runs is to stay.
"""

import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from accounts.api import SYSTEM_ACTOR, WorkspaceRef
from billing.api import open_workspace
from executor.api import (
    ExecutionRequest,
    Trigger,
    accept_execution,
    get_poll_answer,
    get_storage_key,
    open_stored,
    start_worker,
    take_upload,
)
from templates_gallery.services.library import example_digest, is_local, read_template
from templates_gallery.services.library_files import (
    LIBRARY,
    LibraryProblem,
    RenderedFile,
    rendered_path,
    write_rendered,
)
from templates_gallery.services.library_media import (
    WebFile,
    web_audio,
    web_image,
    web_video,
    write_web_file,
)
from templates_gallery.types import LibraryTemplate
from workflows.api import create_workflow, get_catalogue, publish_workflow

RUN_WITHIN_S = 180.0
LOOK_EVERY_S = 0.05

Say = Callable[[str], None]


def render_templates(paths: list[Path], *, say: Say, root: Path = LIBRARY) -> list[str]:
    """Run the examples of the templates with these files; returns what went wrong, by slug."""
    worker = start_worker()
    try:
        return [
            problem
            for path in paths
            if (problem := _render_one(path, root=root, say=say)) is not None
        ]
    finally:
        worker.stop()


def _render_one(path: Path, *, root: Path, say: Say) -> str | None:
    """Render a template in a workspace of its own: none may run many in a minute."""
    started = time.monotonic()
    workspace = open_workspace(
        actor=SYSTEM_ACTOR,
        name="Library",
        owner_email=f"{path.stem}@library.example.com",
        credits=0,
    )
    try:
        Renderer(workspace, path, root).render()
    except LibraryProblem as problem:
        say(f"{path.stem}: FAILED")
        return f"{path.stem}: {problem.detail}"
    say(f"{path.stem}: {time.monotonic() - started:.1f} s")
    return None


class Renderer:
    """Runs the examples of one template, in a workspace."""

    def __init__(self, workspace: WorkspaceRef, path: Path, root: Path) -> None:
        self._workspace = workspace
        self._path = path
        self._root = root
        self._template: LibraryTemplate = read_template(path, root)
        self._is_local = is_local(self._template, get_catalogue())
        self._folder = rendered_path(path).parent

    def render(self) -> None:
        """Run all examples, and replace what was kept of them before.

        Raises:
            LibraryProblem: a run did not end well.
        """
        workflow_id = self._publish()
        answers = [self._run(workflow_id, example.inputs) for example in self._template.examples]
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        rendered = [
            RenderedFile(
                outputs={
                    name: self._kept(value, f"{number}-{_file_name(name)}")
                    for name, value in answer.items()
                },
                simulated=not self._is_local,
                digest=example_digest(self._template.graph, example.inputs, self._root),
            )
            for number, (example, answer) in enumerate(
                zip(self._template.examples, answers, strict=True), 1
            )
        ]
        write_rendered(self._path, rendered)

    def _publish(self) -> str:
        made = create_workflow(
            actor=SYSTEM_ACTOR,
            workspace_id=self._workspace.id,
            name=self._template.title,
            graph=self._template.graph,
        )
        publish_workflow(actor=SYSTEM_ACTOR, workspace_id=self._workspace.id, workflow_id=made.id)
        return made.id

    def _run(self, workflow_id: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        request = ExecutionRequest(
            workspace_id=self._workspace.id,
            workflow_id=workflow_id,
            version=None,
            inputs=self._given(dict(inputs)),
            mode="live" if self._is_local else "test",
            trigger=Trigger.PLAYGROUND,
        )
        answer = self._awaited(accept_execution(request).execution_id)
        if answer["status"] != "COMPLETED":
            raise LibraryProblem(f"the run ended {answer['status']}: {answer['error']}")
        outputs: Mapping[str, Any] = answer["outputs"]
        return outputs

    def _awaited(self, execution_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + RUN_WITHIN_S
        while time.monotonic() < deadline:
            found = get_poll_answer(self._workspace.id, execution_id)
            if found.is_final:
                answer: dict[str, Any] = json.loads(found.body)
                return answer
            time.sleep(LOOK_EVERY_S)
        raise LibraryProblem(f"the run took longer than {RUN_WITHIN_S:g} s")

    def _given(self, value: Any) -> Any:
        """Put an uploaded file where an asset is named."""
        if isinstance(value, dict):
            if set(value) == {"asset"}:
                return {"fileId": self._uploaded(self._root / value["asset"])}
            return {key: self._given(item) for key, item in value.items()}
        return [self._given(item) for item in value] if isinstance(value, list) else value

    def _uploaded(self, asset: Path) -> str:
        with tempfile.NamedTemporaryFile(suffix=asset.suffix, delete=False) as copy:
            copy.write(asset.read_bytes())
        return take_upload(workspace_id=self._workspace.id, source=Path(copy.name)).id

    def _kept(self, value: Any, name: str) -> Any:
        """Keep the media in an output beside the template, and name them in place of their ids."""
        if isinstance(value, list):
            return [self._kept(item, f"{name}-{index}") for index, item in enumerate(value, 1)]
        if isinstance(value, dict) and isinstance(value.get("fileId"), str):
            return self._kept_file(value["kind"], self._read(value["fileId"]), name)
        return value

    def _read(self, file_id: str) -> bytes:
        key = get_storage_key(self._workspace.id, file_id)
        if key is None:
            raise LibraryProblem(f"the file {file_id} is gone")
        with open_stored(key) as stream:
            data: bytes = stream.read()
        return data

    def _kept_file(self, kind: str, data: bytes, name: str) -> dict[str, Any]:
        if kind == "video":
            film, poster = web_video(data)
            shown = {"poster": self._write(name, poster)}
            return {**self._entry(kind, film, self._write(name, film)), **shown}
        file = self._smaller(kind, data)
        return self._entry(kind, file, self._write(name, file))

    def _smaller(self, kind: str, data: bytes) -> WebFile:
        if kind == "audio":
            return web_audio(data)
        if kind == "model3d":
            return WebFile(data, "glb", "model/gltf-binary")
        return web_image(data)

    def _write(self, name: str, file: WebFile) -> str:
        return str(write_web_file(self._folder, name, file).relative_to(self._root))

    def _entry(self, kind: str, file: WebFile, asset: str) -> dict[str, Any]:
        facts = {"width": file.width, "height": file.height, "durationS": file.duration_s}
        entry = {"asset": asset, "kind": kind, "mimeType": file.mime_type}
        return {**entry, **{name: value for name, value in facts.items() if value is not None}}


def _file_name(output: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", output.lower()).strip("-") or "output"
