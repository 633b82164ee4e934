"""Which Chromium is started, and how."""

import os
import shutil

CHROMIUM = os.environ.get("TEST_CHROMIUM") or shutil.which("chromium") or ""
LAUNCH = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")  # root needs the first
