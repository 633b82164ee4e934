"""Registration of `accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The app."""

    name = "accounts"

    def ready(self) -> None:
        """Read the peppers now: a wrong setting stops the start, not the first customer's call."""
        from accounts import conf

        conf.key_peppers()
