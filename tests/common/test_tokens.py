"""Secrets that we hand out."""

import re
import string

from common.tokens import (
    BASE62,
    CHECKSUM_LENGTH,
    Pepper,
    checksum,
    keyed_digest,
    matches,
    random_base62,
)

OLD = Pepper("old", b"an old secret")
NEW = Pepper("new", b"a new secret")


def test_the_alphabet_is_all_letters_and_digits_once():
    assert sorted(BASE62) == sorted(string.ascii_letters + string.digits)


def test_random_text_has_the_asked_length_and_differs():
    texts = {random_base62(32) for _ in range(100)}

    assert len(texts) == 100
    assert all(re.fullmatch("[0-9A-Za-z]{32}", text) for text in texts)


def test_the_checksum_is_fixed_for_ever():
    # CRC32 of "123456789" is 0xCBF43926, the check value of the algorithm's definition.
    number = sum(BASE62.index(c) * 62**i for i, c in enumerate(reversed(checksum("123456789"))))

    assert number == 0xCBF43926
    assert checksum("") == "0" * CHECKSUM_LENGTH


def test_a_digest_depends_on_secret_and_pepper():
    digests = {keyed_digest(s, p) for s in ("a", "b") for p in (OLD, NEW)}

    assert len(digests) == 4
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


def test_a_secret_matches_under_the_pepper_that_its_digest_names():
    digest = keyed_digest("secret", OLD)

    assert matches("secret", digest, "old", [NEW, OLD])
    assert not matches("secreT", digest, "old", [NEW, OLD])
    assert not matches("secret", digest, "new", [NEW, OLD])
    assert not matches("secret", digest, "old", [NEW])
