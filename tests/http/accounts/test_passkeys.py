"""Passkeys, with a key in software: it signs its owner in, once for each challenge, and nobody else."""

import hashlib
import json
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.cache import caches
from django.urls import reverse
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode

from accounts.models import User
from tests.http.accounts.people import Person

pytestmark = pytest.mark.django_db
ORIGIN = "https://testserver"
VERIFIED, UNVERIFIED, NEW = 0x05, 0x01, 0x45  # the flags of an answer


@pytest.fixture(autouse=True)
def _nothing_guarded():
    yield
    caches["guards"].clear()


class SoftKey:
    """What a phone or security key does, without asking anybody."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.secret = ec.generate_private_key(ec.SECP256R1())

    def register(self, challenge: str) -> dict[str, Any]:
        public = cbor.encode(dict(ES256.from_cryptography_key(self.secret.public_key())))
        made = b"\0" * 16 + len(self.name).to_bytes(2, "big") + self.name + public
        data = {"fmt": "none", "attStmt": {}, "authData": self._data(NEW) + made}
        client = self._client("webauthn.create", challenge, ORIGIN)
        return self._answer(
            clientDataJSON=websafe_encode(client),
            attestationObject=websafe_encode(cbor.encode(data)),
        )

    def sign(
        self, challenge: str, user_id: str, *, flags: int = VERIFIED, origin: str = ORIGIN
    ) -> dict[str, Any]:
        client, data = self._client("webauthn.get", challenge, origin), self._data(flags)
        signed = data + hashlib.sha256(client).digest()
        return self._answer(
            clientDataJSON=websafe_encode(client),
            authenticatorData=websafe_encode(data),
            signature=websafe_encode(self.secret.sign(signed, ec.ECDSA(hashes.SHA256()))),
            userHandle=websafe_encode(user_id.encode()),
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(b"testserver").digest() + bytes([flags]) + b"\0\0\0\1"

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()

    def _answer(self, **response: str) -> dict[str, Any]:
        name = websafe_encode(self.name)
        extensions = {"credProps": {"rk": True}}
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": extensions,
        }


def send(person: Person, page: str, answer: dict[str, Any]) -> Any:
    form = {"credential": json.dumps(answer), "name": "Key", "passwordless": "on"}
    return person.browser.post(
        reverse(page), form, secure=True, headers={"Referer": f"{ORIGIN}/accounts/login/"}
    )


def own_key(email: str, name: bytes) -> tuple[str, SoftKey]:
    """Somebody with a passkey: their id, and the key."""
    person, key = Person(email=email), SoftKey(name)
    person.sign_up()
    person.verify()
    page = person.get(reverse("mfa_add_webauthn"), secure=True).content.decode()
    found = re.search(r'id="passkey-options"[^>]*>(.*?)</script>', page)
    assert found
    options = json.loads(found[1])["creation_options"]["publicKey"]
    assert send(person, "mfa_add_webauthn", key.register(options["challenge"])).status_code == 302
    return str(User.objects.get(email=email).pk), key


def challenge_for(person: Person) -> str:
    asked = {"X-Requested-With": "XMLHttpRequest"}
    answer = person.get(reverse("mfa_login_webauthn"), secure=True, headers=asked).json()
    return str(answer["request_options"]["publicKey"]["challenge"])


def test_a_passkey_signs_in_and_its_answer_is_good_once() -> None:
    ana, key = own_key("ana@example.com", b"key of ana")
    one, other = Person(), Person()
    answer = key.sign(challenge_for(one), ana)

    send(one, "mfa_login_webauthn", answer)
    assert one.is_signed_in()
    one.sign_out()
    challenge_for(other)
    for person in (one, other):
        send(person, "mfa_login_webauthn", answer)

    assert not one.is_signed_in()
    assert not other.is_signed_in()


@pytest.mark.parametrize(
    "bent", [{"flags": UNVERIFIED}, {"origin": "https://evil.example"}], ids=["unseen", "elsewhere"]
)
def test_an_answer_without_its_owner_or_for_another_site_is_refused(bent) -> None:
    ana, key = own_key("ana@example.com", b"key of ana")
    person = Person()

    send(person, "mfa_login_webauthn", key.sign(challenge_for(person), ana, **bent))

    assert not person.is_signed_in()


def test_the_key_of_another_person_signs_nobody_in_as_ana() -> None:
    ana, _ = own_key("ana@example.com", b"key of ana")
    _, key = own_key("eve@example.com", b"key of eve")
    person = Person()

    send(person, "mfa_login_webauthn", key.sign(challenge_for(person), ana))

    assert not person.is_signed_in()


def test_a_passkey_of_a_closed_account_signs_nobody_in() -> None:
    ana, key = own_key("ana@example.com", b"key of ana")
    User.objects.update(is_active=False)
    person = Person()

    send(person, "mfa_login_webauthn", key.sign(challenge_for(person), ana))

    assert not person.is_signed_in()
