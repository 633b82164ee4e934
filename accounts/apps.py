"""Registration of `accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The app."""

    name = "accounts"

    def ready(self) -> None:
        """Read the peppers now: a wrong setting stops the start, not the first customer's call."""
        from accounts import conf
        from accounts.http import sign_in_records

        conf.key_peppers()
        sign_in_records.connect()
