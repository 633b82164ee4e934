"""Every operation of the public API says who may call it, and the OpenAPI document is complete."""

import json
import re

import pytest
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from openapi_spec_validator import validate

from accounts.api import Scope
from common.http.drf import ApiView

# Any key may call these: they tell it about itself.
KEY_ALONE = frozenset({"accounts.http.views.MeView"})

METHODS = ("get", "post", "put", "patch", "delete")


def list_patterns(resolver=None, prefix=""):
    """Yield `(path, callback)` of all URL patterns."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from list_patterns(pattern, path)
        else:
            yield path, pattern.callback


def list_operations():
    """Yield `(path, method, view class)` of every operation of the public API."""
    for path, callback in list_patterns():
        view = getattr(callback, "cls", None)
        if path.startswith("api/v1/") and view is not None:
            yield from ((path, method, view) for method in METHODS if hasattr(view, method))


OPERATIONS = list(list_operations())


def test_the_public_api_has_operations():
    assert ("api/v1/workflows", "post") in [operation[:2] for operation in OPERATIONS]


@pytest.mark.parametrize(
    ("path", "method", "view"), OPERATIONS, ids=[f"{op[1]} {op[0]}" for op in OPERATIONS]
)
def test_every_operation_says_who_may_call_it(path, method, view):
    name = f"{view.__module__}.{view.__qualname__}"
    scope = view.scopes.get(method.upper()) if issubclass(view, ApiView) else None
    is_public = getattr(view, "public", False)

    assert is_public or name in KEY_ALONE or scope in {known.value for known in Scope}
    assert not (is_public and scope)


@pytest.fixture(scope="module")
def document():
    return json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))


def operations_of(document):
    return {
        (path, method): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_the_openapi_document_is_valid(document):
    assert document["openapi"].startswith("3.1")
    validate_schema(document)
    validate(document)


def test_every_operation_is_documented_with_an_id_of_its_own(document):
    operations = operations_of(document)
    ids = [operation["operationId"] for operation in operations.values()]

    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9]*", id_) for id_ in ids)


def test_every_operation_with_a_key_documents_its_problems(document):
    for place, operation in operations_of(document).items():
        if {} in operation.get("security", []) or not operation.get("security"):
            continue
        if place == ("/api/v1/me", "get"):
            continue
        for status in ("401", "403"):
            assert "application/problem+json" in operation["responses"][status]["content"], place


def test_every_answer_of_an_operation_has_a_shape(document):
    for place, operation in operations_of(document).items():
        for status, response in operation["responses"].items():
            if status not in ("204", "304"):
                assert response.get("content"), (place, status)


def test_documented_security_is_what_the_views_ask_for(document):
    documented = operations_of(document)
    for path, method, view in OPERATIONS:
        shown = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)
        if (shown, method) in documented:
            security = documented[shown, method].get("security", [])
            assert bool(security) != getattr(view, "public", False), (shown, method)
