"""What browsers may do on our pages: the content security policy and its kin.

Scripts and styles come from our own build or carry the answer's nonce. Two kinds of page are apart:
Django's admin and the API reference bring inline parts of their own, and are left out.
"""

import os
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

from pixelflow_site.settings.env import Env

_env = Env(os.environ)


def _media_origins() -> list[str]:
    """Return where files are fetched from beside the host that was asked.

    Links of files begin with the public address, whichever of our names a visitor typed; and they
    may lead on to a bucket of S3's kind.
    """
    public = urlsplit(_env.public_url)
    return [f"{public.scheme}://{public.netloc}", *_bucket_origins()]


def _bucket_origins() -> list[str]:
    bucket, endpoint = _env.text("S3_BUCKET"), _env.text("S3_ENDPOINT_URL")
    if not bucket:
        return []
    if not endpoint:
        region = _env.text("S3_REGION")
        return [f"https://{bucket}.s3.{region}.amazonaws.com", f"https://{bucket}.s3.amazonaws.com"]
    parts = urlsplit(endpoint)
    return [f"{parts.scheme}://{parts.netloc}", f"{parts.scheme}://{bucket}.{parts.netloc}"]


_VITE = ["http://127.0.0.1:5173", "ws://127.0.0.1:5173"] if _env.boolean("VITE_DEV") else []
_MEDIA = _media_origins()

# Where the answer to a form may lead on to: the payment pages, and other people's sign-in.
_LED_TO_BY_FORMS = [
    "https://checkout.stripe.com",
    "https://billing.stripe.com",
    "https://accounts.google.com",
    "https://github.com",
]

CONTENT_SECURITY_POLICY = {
    # The API answers with data, and `/media/` says for itself what its files may do.
    "EXCLUDE_URL_PREFIXES": ("/admin", "/docs/api", "/api/"),
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE, *_VITE[:1]],
        "style-src": [SELF, NONCE, *_VITE[:1]],
        "img-src": [SELF, "data:", "blob:", *_MEDIA],
        "media-src": [SELF, "data:", "blob:", *_MEDIA],
        "font-src": [SELF, *_VITE[:1]],
        "connect-src": [SELF, "blob:", *_MEDIA, *_VITE],
        "worker-src": [SELF, "blob:"],
        "object-src": [NONE],
        "frame-src": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
        "form-action": [SELF, *_LED_TO_BY_FORMS],
        "frame-ancestors": [NONE],
    },
}

CSRF_FAILURE_VIEW = "common.http.plain.csrf_failure"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# None of the powers that browsers ask about; the clipboard and full screen are for our own pages.
PERMISSIONS_POLICY = ", ".join(
    [
        *(
            f"{power}=()"
            for power in (
                "accelerometer",
                "browsing-topics",
                "camera",
                "display-capture",
                "geolocation",
                "gyroscope",
                "magnetometer",
                "microphone",
                "midi",
                "payment",
                "serial",
                "usb",
            )
        ),
        "clipboard-write=(self)",
        "fullscreen=(self)",
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    ]
)

# What the build names by its content never changes: `assets/site-BFhWntJQ.css`.
WHITENOISE_IMMUTABLE_FILE_TEST = r"/dist/assets/.+-[A-Za-z0-9_-]{8}\.\w+$"

# Components see what they were given and the context processors' values, not their caller's.
COTTON_ISOLATE_BY_DEFAULT = True
