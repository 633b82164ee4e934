"""Every template of the release is checked, estimated and run end to end, with its own examples.

Templates without models run for real, and give what the gallery shows of them; the others run in
test mode, through the same engine.
"""

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from accounts.api import WorkspaceRef
from executor.conf import temporary_dir
from executor.models import Task
from executor.runtime.perform import Performer
from executor.selectors.runs import get_poll_answer
from executor.services.accept import accept_execution
from executor.services.estimates import preview_run
from executor.services.files import take_upload
from executor.types import ExecutionRequest, Trigger
from templates_gallery.services.library import is_local, read_library
from templates_gallery.services.library_files import LIBRARY
from templates_gallery.types import Example
from tests.factories import make_published_workflow
from tests.provider.course import Course
from workflows.api import find_runnable, get_catalogue

pytestmark = pytest.mark.django_db

TEMPLATES = {template.slug: template for template in read_library()}
every_template = pytest.mark.parametrize("slug", TEMPLATES)
_numbers = count(1)


class Stage:
    """One template, published in a workspace."""

    def __init__(self, slug: str, workspace: WorkspaceRef) -> None:
        template = TEMPLATES[slug]
        self.workspace = workspace
        self.examples = template.examples
        self.is_local = is_local(template, get_catalogue())
        self.workflow = make_published_workflow(workspace, graph=template.graph)
        self.version = find_runnable(workspace.id, self.workflow.id, None)

    def given(self, value: Any) -> Any:
        """Inputs of an example as a caller sends them."""
        if isinstance(value, dict) and set(value) == {"asset"}:
            return {"fileId": self._upload(LIBRARY / value["asset"])}
        if isinstance(value, dict):
            return {key: self.given(item) for key, item in value.items()}
        return [self.given(item) for item in value] if isinstance(value, list) else value

    def run(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The final poll answer of a run: a real one where no model is in it."""
        request = ExecutionRequest(
            workspace_id=self.workspace.id,
            workflow_id=self.workflow.id,
            version=None,
            inputs=inputs,
            mode="live" if self.is_local else "test",
            trigger=Trigger.PLAYGROUND,
        )
        accepted = accept_execution(request)
        self._work()
        answer: dict[str, Any] = json.loads(
            get_poll_answer(self.workspace.id, accepted.execution_id).body
        )
        return answer

    def _work(self) -> None:
        """Do all that is ready, in the calling thread; a course goes by the time it is made at."""
        performer = Performer("library")
        while tasks := Task.objects.filter(state="ready").order_by("wake_at", "id"):
            if tasks[0].queue == "remote":
                Course(self.workspace).work()
            else:
                performer.perform(tasks[0].id)

    def _upload(self, asset: Path) -> str:
        source = temporary_dir() / f"library-{next(_numbers)}{asset.suffix}"
        source.write_bytes(asset.read_bytes())
        return take_upload(workspace_id=self.workspace.id, source=source).id


@pytest.fixture
def stage(slug: str, workspace: WorkspaceRef) -> Stage:
    return Stage(slug, workspace)


@every_template
def test_a_template_is_estimated_within_bounds_and_local_ones_cost_nothing(stage: Stage):
    inputs = stage.given(dict(stage.examples[0].inputs))

    preview = preview_run(stage.version, inputs, mode="live")

    assert 0 <= preview.lower <= preview.upper
    assert (preview.upper == 0) is stage.is_local


@every_template
def test_a_template_runs_and_gives_what_the_gallery_shows_of_it(stage: Stage):
    example = stage.examples[0]

    answer = stage.run(stage.given(dict(example.inputs)))

    assert answer["status"] == "COMPLETED", answer["error"]
    assert answer["credits"]["charged"] == 0
    assert different(stage, example, answer["outputs"]) == []


@pytest.mark.slow
@pytest.mark.parametrize("slug", [slug for slug, each in TEMPLATES.items() if each.examples[1:]])
def test_a_templates_other_examples_give_what_the_gallery_shows_of_them(stage: Stage):
    for example in stage.examples[1:]:
        answer = stage.run(stage.given(dict(example.inputs)))

        assert answer["status"] == "COMPLETED", answer["error"]
        assert different(stage, example, answer["outputs"]) == []


def different(stage: Stage, example: Example, outputs: dict[str, Any]) -> list[str]:
    """Outputs of a run that the gallery shows otherwise; of simulated ones, those that lack."""
    assert example.outputs is not None, "manage.py templates --render"
    assert outputs.keys() == example.outputs.keys()
    assert example.is_simulated is not stage.is_local
    if not stage.is_local:
        return [name for name, value in outputs.items() if value is None]
    return [name for name, shown in example.outputs.items() if not like(shown, outputs[name])]


def like(shown: Any, given: Any) -> bool:
    """Say whether an output is as the gallery shows it: files of one kind, all else equal."""
    if isinstance(shown, dict) and "asset" in shown:
        return isinstance(given, dict) and given.get("kind") == shown["kind"]
    if isinstance(shown, list):
        return (
            isinstance(given, list)
            and len(shown) == len(given)
            and all(like(*pair) for pair in zip(shown, given, strict=True))
        )
    return bool(shown == given)
