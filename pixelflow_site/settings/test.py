"""The settings under test: the embedded ones (or, by environment, production's), kept apart.

Every test process works in a folder and a Redis database of its own. A server that a test starts as
a child inherits both, unless the test names others.
"""

import atexit
import os
import shutil
import tempfile
from urllib.parse import urlsplit, urlunsplit

_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")


def _make_folder() -> str:
    owner = os.getpid()
    folder = tempfile.mkdtemp(prefix="pixelflow-test-")

    def remove() -> None:
        if os.getpid() == owner:  # a forked child must leave it to its parent
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


def _own_redis(url: str) -> str:
    """Move to the database after the one named: gw0 to the first, gw1 to the second, up to gw6."""
    if not url or _worker == "main":
        return url
    parts = urlsplit(url)
    number = int(parts.path.strip("/") or 0) + 1 + int(_worker.removeprefix("gw"))
    return urlunsplit(parts._replace(path=f"/{number}"))


if os.environ.get("PIXELFLOW_TEST_PROCESS") != _worker:
    os.environ["PIXELFLOW_TEST_PROCESS"] = _worker
    os.environ["DATA_DIR"] = _make_folder()
    os.environ["REDIS_URL"] = _own_redis(os.environ.get("REDIS_URL", ""))
os.environ.setdefault("SECRET_KEY", "test-secret-key-that-is-long-enough-000000")
os.environ.setdefault("SEALING_KEYS", "t1:test-sealing-secret-that-is-long-enough")
os.environ.setdefault("KEY_PEPPERS", "t1:test-pepper-one,t0:test-pepper-zero")
os.environ.setdefault("LEASE_S", "3")
os.environ.setdefault("SWEEP_S", "0.2")

from pixelflow_site.settings.base import *  # noqa: E402, F403
from pixelflow_site.settings.base import (  # noqa: E402
    CHANNEL_LAYERS,
    DATA_DIR,
    DATABASES,
    EMBEDDED,
    REDIS_URL,
)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
GALLERY_CHECK_S = 0.0  # what a test lists is there at once
CATALOGUE_CHECK_S = (
    0.0  # what a test counts are its own queries; tests of this have `staff_catalogue`
)

if EMBEDDED:  # a file, as in life: SQLite in memory locks by other rules between threads
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}

if REDIS_URL:  # publish/subscribe reaches across Redis databases; the prefix keeps it apart
    CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = f"pixelflow-{_worker}"
