"""Who moderates in tests."""

from accounts.api import Actor

STAFF = Actor("staff", "1")
