"""Files that providers name: fetched as any URL of a stranger, and shown the key at its home alone."""

import logging
from collections.abc import Iterator

import pytest

from common.fetch import redact_url
from executor.providers.account import ProviderAccount
from executor.providers.base import ResultFile
from executor.providers.errors import ProviderError
from executor.services.provider_files import ResultGone, import_result
from tests.common.fetch_server import Handler, Server, running_server
from tests.providers.samples import sample_file

KEY = {"x-key": "secret-of-the-account"}


@pytest.fixture
def home() -> Iterator[Server]:
    with running_server() as server:
        server.routes = {"/v1/file": picture}
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    with running_server() as server:
        server.routes = {"/file": picture}
        yield server


def picture(handler: Handler) -> None:
    handler.answer(sample_file("image"), Content_Type="image/png")


def local(server: Server, path: str) -> str:
    return server.url(path, host="127.0.0.1")


def account(server: Server, **more: object) -> ProviderAccount:
    return ProviderAccount("thing", local(server, "/v1"), **more)  # type: ignore[arg-type]


def fetched(workspace, url: str, by: ProviderAccount | None, *, needs_key: bool = False):
    return import_result(
        file=ResultFile("image", url, needs_key=needs_key),
        workspace_id=workspace.id,
        execution_id="exec_1",
        account=by,
        headers=KEY if needs_key else {},
    )


def test_a_file_at_home_is_fetched_with_the_key_where_it_needs_one(workspace, home) -> None:
    row = fetched(workspace, local(home, "/v1/file"), account(home), needs_key=True)

    assert row.kind == "image"
    assert [headers.get("x-key") for _, headers in home.seen] == [KEY["x-key"]]


def test_a_file_that_needs_no_key_is_shown_none(workspace, home) -> None:
    fetched(workspace, local(home, "/v1/file"), account(home))

    assert [headers.get("x-key") for _, headers in home.seen] == [None]


def test_F6_a_key_is_not_shown_to_a_host_that_an_answer_names(
    workspace, home, elsewhere, settings
) -> None:
    settings.FETCH_LOOPBACK_PORTS = frozenset({elsewhere.server_port})

    with pytest.raises(ProviderError):
        fetched(workspace, local(elsewhere, "/file"), account(home), needs_key=True)

    assert elsewhere.seen == []


def test_F6_a_key_is_not_carried_over_a_redirect(workspace, home, elsewhere, settings) -> None:
    settings.FETCH_LOOPBACK_PORTS = frozenset({elsewhere.server_port})
    to = local(elsewhere, "/file")
    home.routes["/v1/file"] = lambda handler: handler.answer(status=302, Location=to)

    fetched(workspace, local(home, "/v1/file"), account(home), needs_key=True)

    assert [headers.get("x-key") for _, headers in elsewhere.seen] == [None]


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f000001", "2130706433", "127.0.0.1", "[::1]", "169.254.169.254"]
)
def test_F1_a_result_at_a_private_address_is_not_fetched(workspace, home, elsewhere, host) -> None:
    url = f"http://{host}:{elsewhere.server_port}/file"

    with pytest.raises(ResultGone):
        fetched(workspace, url, account(home))

    assert elsewhere.seen == []


def test_F4_a_server_of_a_customers_own_gives_no_file_from_our_network(workspace, home) -> None:
    with pytest.raises(ResultGone):
        fetched(workspace, local(home, "/v1/file"), account(home, id="pkey_1", guarded=True))

    assert home.seen == []


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://x/", "http://10.0.0.1/"])
def test_F6_a_result_that_redirects_into_our_network_is_gone(workspace, home, location) -> None:
    home.routes["/v1/file"] = lambda handler: handler.answer(status=302, Location=location)

    with pytest.raises(ResultGone):
        fetched(workspace, local(home, "/v1/file"), account(home))


def test_F20_a_signed_result_is_fetched_and_its_secret_is_told_nowhere(
    workspace, home, caplog
) -> None:
    url = local(home, "/v1/file?X-Amz-Signature=abcdef")

    with caplog.at_level(logging.DEBUG):
        row = fetched(workspace, url, account(home))

    assert home.seen[0][0].endswith("abcdef")
    assert "abcdef" not in caplog.text
    assert "abcdef" not in repr(vars(row))
    assert "abcdef" not in redact_url(url)


def test_x34_a_result_that_is_too_large_is_not_kept(workspace, home, settings) -> None:
    def huge(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(10 * 1024**3))
        handler.end_headers()

    home.routes["/v1/file"] = huge

    with pytest.raises(ResultGone, match="larger"):
        fetched(workspace, local(home, "/v1/file"), account(home))


def test_x34_a_result_of_another_kind_fails(workspace, home) -> None:
    home.routes["/v1/file"] = lambda handler: handler.answer(sample_file("audio"))

    with pytest.raises(ProviderError, match="kind audio"):
        fetched(workspace, local(home, "/v1/file"), account(home))
