"""What the tests of an adapter have at hand."""

from collections.abc import Iterator

import pytest

from tests.providers.courses import Benches, open_benches


@pytest.fixture(scope="module")
def benches() -> Iterator[Benches]:
    """Give benches that share one event loop, one client, and one server for each fake."""
    with open_benches() as benches:
        yield benches
