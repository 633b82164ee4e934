"""From a header to a principal, and from a principal to a view."""

from typing import ClassVar

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from accounts.services.key_headers import authenticate_header
from common.errors import Unauthenticated
from common.http.drf import ApiView
from tests.factories import make_key


class Closed(ApiView):
    scopes: ClassVar = {"GET": "read", "POST": "write"}

    def get(self, request):
        return Response({"key": request.auth.key_id})

    def post(self, request):
        return Response({"key": request.auth.key_id})

    def delete(self, request):
        return Response({"key": request.auth.key_id})


class Open(ApiView):
    public = True
    scopes: ClassVar = {"GET": "read"}

    def get(self, request):
        return Response({"key": request.auth.key_id if request.auth else None})


def call(view, method="GET", key=None, **headers):
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    request = APIRequestFactory().generic(method, "/x", headers=headers)
    response = view.as_view()(request)
    response.render()
    return response


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_K1_the_scheme_is_read_in_any_case(workspace, scheme):
    key = make_key(workspace)

    assert authenticate_header(f"{scheme} {key.secret}").key_id == key.id


BAD_HEADERS = [
    None,
    "",
    " ",
    "Bearer",
    "Bearer ",
    "Basic dXNlcjpwYXNz",
    "{key}",
    "Token {key}",
    "Basic {key}",
    "Bearer  {key}",
    "Bearer\t{key}",
    "Bearer {key} ",
    "Bearer {key} x",
    "Bearer {key},Bearer {key}",
    "Bearer {key}, Bearer sk-live-another",
    "Bearer sk-live-\u00e9",
    "Bearer " + "x" * 10_000,
]


@pytest.mark.parametrize("header", BAD_HEADERS)
def test_K1_anything_else_is_refused_without_a_query(workspace, header, django_assert_num_queries):
    key = make_key(workspace).secret

    with django_assert_num_queries(0), pytest.raises(Unauthenticated):
        authenticate_header(header and header.replace("{key}", key))


def test_a_closed_view_needs_a_key(db):
    response = call(Closed)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("scopes", "method", "status"),
    [
        (["read"], "GET", 200),
        (["read"], "HEAD", 200),
        (["read"], "POST", 403),
        (["write"], "POST", 200),
        (["write"], "GET", 403),
        (["write"], "HEAD", 403),
        (["usage"], "DELETE", 200),
    ],
)
def test_each_method_needs_its_scope(workspace, scopes, method, status):
    response = call(Closed, method, make_key(workspace, scopes=scopes).secret)

    assert response.status_code == status


def test_a_missing_scope_is_named(workspace):
    response = call(Closed, "GET", make_key(workspace, scopes=["usage"]).secret)

    assert response.data["code"] == "insufficient_scope"
    assert response.data["requiredScope"] == "read"
    assert "WWW-Authenticate" not in response.headers


def test_a_public_view_answers_without_a_key_and_with_one(workspace):
    key = make_key(workspace)

    assert call(Open).data == {"key": None}
    assert call(Open, key=key.secret).data == {"key": key.id}


def test_a_public_view_refuses_a_bad_key(db):
    assert call(Open, key="sk-live-nonsense").status_code == 401
    assert call(Open, Authorization="").status_code == 401
