import base64, json, hashlib, os, threading
import pytest
from django.core.cache import caches
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.test import Client
from accounts.models import User
from allauth.mfa.models import Authenticator
from tests.http.accounts.people import PASSWORD, Person, code_in_mail, link_in_mail
pytestmark = pytest.mark.django_db
@pytest.fixture(autouse=True)
def _nothing_guarded():
    yield
    caches["guards"].clear()

def b64(b): return base64.urlsafe_b64encode(b).rstrip(b"=").decode()

def test_z1_handles():
    for h in [b"a\0", b"usr_\xff", b"0" * 5000, "é".encode(), b"", b"\xf0\x9f\x98\x80"]:
        p = Person(); p.browser.raise_request_exception = False
        p.get(reverse("mfa_login_webauthn"), headers={"X-Requested-With": "XMLHttpRequest"})
        cd = b64(json.dumps({"type": "webauthn.get", "challenge": "eA", "origin": "http://testserver"}).encode())
        r = p.post(reverse("mfa_login_webauthn"), {"credential": json.dumps({"id": "eA", "rawId": "eA", "type": "public-key", "response": {"clientDataJSON": cd, "authenticatorData": b64(b"\0" * 37), "signature": "eA", "userHandle": b64(h)}})})
        print(h[:10], r.status_code, r.headers.get("Location")); caches["guards"].clear()

def test_z2_sessions():
    for p in ["/", "/accounts/login/", "/accounts/signup/", "/accounts/login/code/", "/accounts/password/reset/", "/accounts/2fa/passkeys/login/", "/templates", "/invitations/abc", "/accounts/confirm-email/x/", "/workflows", "/pricing", "/accounts/3rdparty/login/error/"]:
        c = Client(); n = Session.objects.count()
        c.get(p, headers={"X-Requested-With": "XMLHttpRequest"}); 
        c.get(p)
        if Session.objects.count() > n: print("SESSION MADE", p)

class Key:
    """A passkey in software."""
    def __init__(self):
        from cryptography.hazmat.primitives.asymmetric import ec
        self.key = ec.generate_private_key(ec.SECP256R1()); self.id = os.urandom(16)
    def auth_data(self, flags, attested=b""): return hashlib.sha256(b"testserver").digest() + bytes([flags]) + b"\0\0\0\1" + attested
    def register(self, options):
        from fido2 import cbor
        from fido2.cose import ES256
        pub = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        att = b"\0" * 16 + len(self.id).to_bytes(2, "big") + self.id + pub
        cd = json.dumps({"type": "webauthn.create", "challenge": options["challenge"], "origin": "https://testserver"}).encode()
        ao = cbor.encode({"fmt": "none", "attStmt": {}, "authData": self.auth_data(0x45, att)})
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": {"clientDataJSON": b64(cd), "attestationObject": b64(ao)}, "clientExtensionResults": {"credProps": {"rk": True}}}
    def answer(self, options, user, flags=5, origin="https://testserver"):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        cd = json.dumps({"type": "webauthn.get", "challenge": options["challenge"], "origin": origin}).encode()
        ad = self.auth_data(flags)
        sig = self.key.sign(ad + hashlib.sha256(cd).digest(), ec.ECDSA(hashes.SHA256()))
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "clientExtensionResults": {}, "response": {"clientDataJSON": b64(cd), "authenticatorData": b64(ad), "signature": b64(sig), "userHandle": b64(user.encode())}}

import re
def options_of(html):
    return json.loads(re.search(r'id="passkey-options"[^>]*>(.*?)</script>', html).group(1))

def login_options(p): 
    return p.get(reverse("mfa_login_webauthn"), headers={"X-Requested-With": "XMLHttpRequest"}, secure=True).json()["request_options"]["publicKey"]

def send(p, name, cred, **kw): return p.browser.post(reverse(name), {"credential": json.dumps(cred), "name": "K", "passwordless": "on", **kw}, secure=True, headers={"Referer": "https://testserver/"})

def test_z3_passkeys():
    ana = Person(); ana.sign_up(); ana.verify()
    eve = Person(email="eve@example.com"); eve.sign_up(); eve.verify()
    ka, ke = Key(), Key()
    for who, k in ((ana, ka), (eve, ke)):
        o = options_of(who.get(reverse("mfa_add_webauthn"), secure=True).content.decode())
        r = send(who, "mfa_add_webauthn", k.register(o["creation_options"]["publicKey"])); print("add", r.status_code, getattr(r, "url", r.content[:0]))
    print(Authenticator.objects.values_list("user__email", "type"))
    ua, ue = User.objects.get(email="ana@example.com").pk, User.objects.get(email="eve@example.com").pk
    def attempt(label, key, uid, p=None, opts=None, **kw):
        p = p or Person(); p.browser.raise_request_exception = False
        opts = opts or login_options(p)
        cred = key.answer(opts, uid, **kw)
        r = send(p, "mfa_login_webauthn", cred)
        print(label, r.status_code, r.headers.get("Location"), "IN" if p.is_signed_in() else "out"); caches["guards"].clear()
        return p, cred
    p, cred = attempt("own", ka, ua)
    p.sign_out() if hasattr(p, "sign_out") else None
    r = send(p, "mfa_login_webauthn", cred); print("replay same session", r.headers.get("Location"), p.is_signed_in())
    q = Person(); login_options(q); r = send(q, "mfa_login_webauthn", cred); print("replay other session", r.headers.get("Location"), q.is_signed_in())
    attempt("eve's key as ana", ke, ua)
    attempt("no UV", ka, ua, flags=1)
    attempt("wrong origin", ka, ua, origin="https://evil.example")
    attempt("http origin", ka, ua, origin="http://testserver")
    User.objects.filter(pk=ua).update(is_active=False); attempt("inactive", ka, ua); User.objects.filter(pk=ua).update(is_active=True)
    # reauth by other's key
    eve2 = Person(email="eve@example.com"); eve2.sign_in()
    print("eve by password", eve2.is_signed_in(), eve2.get(reverse("mfa_authenticate"), secure=True).status_code)
    # remove another's key
    pk = Authenticator.objects.get(user_id=ua, type="webauthn").pk
    print("remove other's", eve.post(f"/accounts/2fa/passkeys/{pk}/remove/").status_code, eve.post(f"/accounts/2fa/passkeys/{pk}/edit/", {"name": "x"}).status_code)
    # junk extension results
    k = Key(); o = options_of(eve.get(reverse("mfa_add_webauthn"), secure=True).content.decode())
    c = k.register(o["creation_options"]["publicKey"]); c["clientExtensionResults"] = "x"
    eve.browser.raise_request_exception = False
    r = send(eve, "mfa_add_webauthn", c); print("junk ext", r.status_code); print(eve.get(reverse("mfa_list_webauthn")).status_code)
    # same credential registered by eve (ana's id)
    o = options_of(eve.get(reverse("mfa_add_webauthn"), secure=True).content.decode())
    r = send(eve, "mfa_add_webauthn", ka.register(o["creation_options"]["publicKey"])); print("ana's key at eve's", r.status_code)
