"""What goes wrong on pages without anybody looking."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request


@dataclass
class Watch:
    """Errors and warnings in consoles, and requests to anybody but `host` (`localhost:8000`)."""

    host: str
    problems: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()  # parts of messages that a test brings about on purpose

    def follow(self, page: Page) -> None:
        """Listen to a page's console, errors and requests."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.problems.append(f"third party: {request.url}")

    def found(self) -> list[str]:
        """Return the problems that the test did not announce."""
        return [
            problem
            for problem in self.problems
            if not any(part in problem for part in self.expected)
        ]
