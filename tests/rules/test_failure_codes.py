"""Every code with which a node fails is one that the error page explains."""

import ast
from collections.abc import Iterator
from typing import TypeVar

import pytest

from common.errors import PixelFlowError
from common.http.problem import TITLES
from executor.providers.errors import ProviderError
from executor.types import FAILURES
from tests.rules.test_house import ROOT

FAILING = frozenset({"RunError", "NodeFailed", "_fail"})
# Codes of items of `errors`, and of failures of nodes: never those of a whole answer.
NOT_OF_ANSWERS = frozenset(FAILURES) - {"internal"} | {"url_not_allowed"}


def codes_in_source() -> Iterator[str]:
    """The codes that are written out where a failure is made."""
    for folder in ("executor", "workflows"):
        for path in (ROOT / folder).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text())):
                if not isinstance(call, ast.Call) or not call.args:
                    continue
                name = getattr(call.func, "id", getattr(call.func, "attr", ""))
                code = call.args[0]
                if name in FAILING and isinstance(code, ast.Constant):
                    yield str(code.value)


Error = TypeVar("Error", bound=Exception)


def below(error: type[Error]) -> Iterator[type[Error]]:
    """A class of errors and all below it."""
    yield error
    for child in error.__subclasses__():
        yield from below(child)


def test_every_code_of_a_failed_node_is_explained() -> None:
    found = set(codes_in_source())

    assert {"invalid_value", "timed_out", "review_rejected", "provider_unavailable"} <= found
    assert found <= set(FAILURES)


@pytest.mark.parametrize("error", list(below(ProviderError)), ids=lambda error: error.__name__)
def test_every_code_of_a_provider_that_fails_is_explained(error) -> None:
    assert error.code in FAILURES


def test_every_code_of_an_answer_has_a_title() -> None:
    ours = [error for error in below(PixelFlowError) if not error.__module__.startswith("tests.")]
    codes = {error.code for error in ours} - NOT_OF_ANSWERS

    assert "too_many_concurrent" in codes
    assert codes <= set(TITLES)
