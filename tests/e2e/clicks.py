"""Counting what a person has to press. Typing is not counted."""

from playwright.sync_api import Locator


class Clicks:
    """Clicks, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def on(self, target: Locator) -> None:
        """Click it."""
        target.click()
        self.count += 1
