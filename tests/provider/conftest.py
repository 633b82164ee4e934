"""The test provider's nodes and adapters, loaded for these tests alone."""

from collections.abc import Iterator

import pytest

from common import faults
from executor.selectors.adapters import adapter_classes
from tests.provider.control import Control, running_provider
from workflows.selectors import get_catalogue

PLUGIN = "tests.provider.plugin"


@pytest.fixture(scope="session")
def _server() -> Iterator[Control]:
    with running_provider() as control:
        yield control


@pytest.fixture
def provider(_server: Control, settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """A provider with empty books, whose nodes and adapters this process has."""
    _server.clear()
    monkeypatch.setenv("TEST_PROVIDER_URL", _server.url)
    settings.EXTRA_NODES = settings.EXTRA_PROVIDERS = [PLUGIN]
    settings.FETCH_LOOPBACK_PORTS = frozenset({_server.port})
    get_catalogue.cache_clear()
    adapter_classes.cache_clear()
    yield _server
    faults.arm("")
    get_catalogue.cache_clear()
    adapter_classes.cache_clear()
