"""The shape that every error answer has."""

from typing import Any


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Check an answer to be a problem document with this status and code, and return it."""
    assert response.status_code == status, response.content[:500]
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["code"] == code, problem
    assert problem["error"] == problem["detail"]
    assert isinstance(problem["detail"], str)
    assert problem["detail"]
    assert problem["type"]
    assert problem["title"]
    assert problem["instance"] == response.wsgi_request.path
    assert problem["requestId"] == response.headers["X-Request-Id"]
    for item in problem.get("errors", []):
        assert set(item) == {"path", "code", "message"}
    return problem


def items_of(problem: dict[str, Any]) -> list[tuple[str, str]]:
    """Return `(path, code)` of each item in `errors`."""
    return [(item["path"], item["code"]) for item in problem["errors"]]
