"""A person at a browser: fills in forms, reads mail, follows links."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.core import mail
from django.test import Client, TestCase

PASSWORD = "a long enough password"


@dataclass
class Person:
    """Somebody at one browser."""

    email: str = "ana@example.com"
    password: str = PASSWORD
    address: str = "203.0.113.7"
    browser: Client = field(default_factory=Client)

    def get(self, path: str, **extra: Any) -> Any:
        return self.browser.get(path, REMOTE_ADDR=self.address, **extra)

    def post(self, path: str, data: dict[str, str] | None = None, **extra: Any) -> Any:
        with TestCase.captureOnCommitCallbacks(execute=True):  # mail goes out with the commit
            return self.browser.post(path, data or {}, REMOTE_ADDR=self.address, **extra)

    def sign_up(self, onward: str = "", **other: str) -> Any:
        data = {"email": self.email, "password1": self.password, "next": onward, **other}
        return self.post("/accounts/signup/", data)

    def sign_in(self, password: str = "", onward: str = "", **extra: Any) -> Any:
        data = {"login": self.email, "password": password or self.password, "next": onward}
        return self.post("/accounts/login/", data, **extra)

    def sign_out(self) -> Any:
        return self.post("/accounts/logout/")

    def ask_for_reset(self, **extra: Any) -> Any:
        return self.post("/accounts/password/reset/", {"email": self.email}, **extra)

    def is_signed_in(self) -> bool:
        return bool(self.get("/settings/security").status_code == 200)

    def verify(self) -> Any:
        return self.post(link_in_mail("confirm-email"))


def link_in_mail(part: str, number: int = -1) -> str:
    """Return the path of the link with this part in the last mail that has one."""
    found = [
        link
        for message in mail.outbox
        for link in re.findall(r"https?://[^\s/]+(/\S+)", str(message.body))
        if part in link
    ]
    return str(found[number])


def code_in_mail() -> str:
    """Return the sign-in code of the last mail."""
    (code,) = re.findall(r"^    (\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    return str(code)
