"""What a key that is good for certain workflows only may see of runs, files and questions."""

from collections.abc import Collection

from executor.models import Execution, File, Review


def is_execution_of(workspace_id: str, execution_id: str, workflows: Collection[str]) -> bool:
    """Say whether a run, or one of those above it, is of one of the workflows.

    What a workflow's own nodes started belongs to its run, whichever workflow that was of.
    """
    wanted: str | None = execution_id
    while wanted is not None:
        rows = Execution.objects.of(workspace_id).filter(pk=wanted)
        found = rows.values_list("workflow_id", "parent_id").first()
        if found is None:
            return False
        workflow_id, wanted = found
        if workflow_id in workflows:
            return True
    return False


def is_file_of(workspace_id: str, file_id: str, workflows: Collection[str]) -> bool:
    """Say whether a file was uploaded, or made by a run of one of the workflows."""
    row = File.objects.of(workspace_id).filter(pk=file_id).only("execution_id").first()
    if row is None:
        return False
    return row.execution_id is None or is_execution_of(workspace_id, row.execution_id, workflows)


def is_review_of(workspace_id: str, review_id: str, workflows: Collection[str]) -> bool:
    """Say whether a question was asked by a run of one of the workflows."""
    row = Review.objects.of(workspace_id).filter(pk=review_id).only("execution_id").first()
    return row is not None and is_execution_of(workspace_id, row.execution_id, workflows)
