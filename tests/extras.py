"""Which tests need the extra `local`: torch and diffusers, which `make test` installs."""

import os
from importlib.util import find_spec

import pytest


def need_local() -> None:
    """Skip a test without the extra; whole modules of such tests are left out by `importorskip`.

    Raises:
        ImportError: it is missing where nothing may be (REQUIRE_SERVICES=1), so that no server of
            integration goes green without those modules.
    """
    if find_spec("diffusers") is not None:
        return
    reason = "the extra `local` is not installed: scripts/setup dev local"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        raise ImportError(reason)
    pytest.skip(reason)
