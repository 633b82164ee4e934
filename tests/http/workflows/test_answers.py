"""Answers have the very shape that the OpenAPI document gives them: no field more, none less."""

from common.http.schema import Problem
from tests.factories import make_version, make_workflow
from workflows.http import schemas


def test_answers_are_as_documented(api, workspace):
    path = f"/workflows/{make_workflow(workspace, graph={}).id}"
    published = make_workflow(workspace, callback_url="https://example.com/hook")
    make_version(published)

    for model, where in (
        (schemas.Workflow, path),
        (schemas.Workflow, f"/workflows/{published.id}"),
        (schemas.WorkflowPage, "/workflows"),
        (schemas.VersionPage, f"/workflows/{published.id}/versions"),
        (schemas.Version, f"/workflows/{published.id}/versions/1"),
        (schemas.InterfaceSchemas, f"/workflows/{published.id}/schema"),
        (schemas.NodePage, "/nodes"),
        (schemas.NodeType, "/nodes/text.case"),
        (Problem, "/nodes/nothing"),
    ):
        answer = api.get(where).json()
        assert model.model_validate(answer).model_dump(exclude_unset=True) == answer
    version = api.post(f"/workflows/{published.id}/publish").json()
    assert schemas.VersionSummary.model_validate(version).model_dump() == version
