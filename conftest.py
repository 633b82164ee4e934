"""Loads the pytest plugins of the project; fixtures live in `tests/conftest.py`."""

pytest_plugins = ["tests.services"]
