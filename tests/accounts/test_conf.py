"""The pepper setting."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts import conf


def test_peppers_keep_their_order(settings):
    settings.KEY_PEPPERS = "b:two:with:colons, a:one"

    peppers = conf.key_peppers()

    assert [(pepper.id, pepper.secret) for pepper in peppers] == [
        ("b", b"two:with:colons"),
        ("a", b"one"),
    ]


@pytest.mark.parametrize("text", ["", ",", "secret", ":secret", "a:", "a:x,a:y", "a" * 17 + ":x"])
def test_a_wrong_setting_is_refused(settings, text):
    settings.KEY_PEPPERS = text

    with pytest.raises(ImproperlyConfigured, match="KEY_PEPPERS"):
        conf.key_peppers()
