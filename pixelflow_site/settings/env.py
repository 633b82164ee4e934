"""Every environment key that Pixelflow reads: its type, its default, and what it means.

Nothing else reads the environment. Each `KEY` may be given as `KEY_FILE` instead, the path of a
file that holds the value (Docker and Kubernetes secrets). `docs/settings.md` is made from here.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent


class SettingsError(SystemExit):
    """A key is missing or wrong; the process refuses to start with one clear line."""

    def __init__(self, message: str) -> None:
        super().__init__(f"pixelflow: {message}")


@dataclass(frozen=True, slots=True)
class Key:
    """One environment key. A secret has no default outside the embedded mode."""

    name: str
    type: str
    default: str
    meaning: str
    secret: bool = False


KEYS: tuple[Key, ...] = (
    Key(
        "DATABASE_URL",
        "url",
        "",
        "PostgreSQL, `postgresql://user:password@host:5432/name`. "
        "Not set: embedded mode, SQLite in `DATA_DIR`.",
    ),
    Key(
        "REDIS_URL",
        "url",
        "",
        "Redis for the broker, the cache and the channel layer. "
        "Not set: all three live in the process.",
    ),
    Key("S3_BUCKET", "text", "", "Bucket for media. Not set: a folder in `DATA_DIR`."),
    Key("S3_ENDPOINT_URL", "url", "", "Endpoint of an S3-compatible service other than AWS."),
    Key("S3_REGION", "text", "us-east-1", "Region of the bucket."),
    Key("S3_ACCESS_KEY_ID", "text", "", "Access key; not set: the host's own credentials."),
    Key("S3_SECRET_ACCESS_KEY", "text", "", "Secret of the access key."),
    Key(
        "DATA_DIR",
        "path",
        str(BASE_DIR / "var"),
        "Folder for the embedded database, media, secrets and temporary files.",
    ),
    Key(
        "SECRET_KEY",
        "text",
        "",
        "Signs sessions, cursors and media links; 32 characters or more.",
        secret=True,
    ),
    Key(
        "KEY_PEPPERS",
        "text",
        "",
        "Peppers of the API key digests, `id:secret`, separated by "
        "commas; the first one is used for new keys.",
        secret=True,
    ),
    Key(
        "SEALING_KEYS",
        "text",
        "",
        "Keys that stored secrets are encrypted with, `id:secret`, separated by commas, each secret "
        "of 32 characters or more; the first one seals, the others only open.",
        secret=True,
    ),
    Key(
        "PUBLIC_URL",
        "url",
        "",
        "Where the site is reached from outside; `http://127.0.0.1:$PORT` if not set.",
    ),
    Key("PORT", "integer", "8000", "Port of the embedded server."),
    Key("ALLOWED_HOSTS", "list", "", "Host names that are answered beside that of `PUBLIC_URL`."),
    Key("DEBUG", "boolean", "false", "Django's debug pages; never in production."),
    Key(
        "VITE_DEV", "boolean", "false", "Takes the pages' scripts from `scripts/node npm run dev`."
    ),
    Key("LOG_LEVEL", "text", "INFO", "Lowest level that is logged."),
    Key(
        "WORKER_THREADS",
        "integer",
        "2",
        "Threads that run tasks, in each worker process. Short runs share one interpreter: more threads than cores make them slower.",
    ),
    Key("LEASE_S", "integer", "30", "Seconds after which a silent worker's task is taken over."),
    Key(
        "MAX_ATTEMPTS",
        "integer",
        "3",
        "Workers that a task may take down, or lose, without storing anything; then its run fails.",
    ),
    Key("SWEEP_S", "number", "1.5", "Seconds between two looks for tasks that nobody was told of."),
    Key(
        "INLINE_TIMEOUT_S",
        "number",
        "30",
        "Seconds that one run of a node of cost class `inline` may take; then it fails as `timed_out`.",
    ),
    Key("CPU_TIMEOUT_S", "number", "300", "The same for the cost class `cpu`."),
    Key("GPU_TIMEOUT_S", "number", "1800", "The same for the cost class `gpu`."),
    Key(
        "TRUSTED_PROXIES",
        "list",
        "",
        "Proxies in front whose `X-Forwarded-For` says who asks: their networks "
        "(`10.0.0.0/8`), or how many there are (`1`). Not set: the header is not read.",
    ),
    Key(
        "WEB_PROCESSES",
        "integer",
        "1",
        "Web processes on all hosts together (gunicorn's and uvicorn's workers). While Redis does "
        "not answer, each of them allows its share of every rate limit.",
    ),
    Key(
        "METRICS_TOKEN",
        "text",
        "",
        "Who asks for `/metrics` must send it as a bearer token. Not set: only who asks from this "
        "machine, past no proxy, is answered.",
    ),
    Key(
        "METRICS_PORT",
        "integer",
        "0",
        "Port at which a worker process answers `/metrics`; 0: none. Without `METRICS_TOKEN` on "
        "loopback only.",
    ),
    Key("REMOTE_JOBS", "integer", "2000", "Providers' jobs that one process follows at once."),
    Key(
        "MAX_WAITING_TASKS",
        "integer",
        "200000",
        "Tasks that may wait for a worker. New runs are refused (503) above it, those of the API above 80 % and those of batches above 50 % of it.",
    ),
    Key(
        "MAX_STREAMS_OF_CALLER",
        "integer",
        "100",
        "Sockets and event streams that one user or key may have open in each process.",
    ),
    Key("MAX_STREAMS_OF_WORKSPACE", "integer", "500", "The same for a workspace."),
    Key("MAX_STREAMS", "integer", "5000", "The same for everybody together."),
    Key(
        "RUN_MAX_AGE_S",
        "integer",
        "604800",
        "Seconds after which a run that is still open is ended as `timed_out`.",
    ),
    Key(
        "FILE_GRACE_S",
        "integer",
        "3600",
        "Seconds for which the bytes of a deleted file stay where they are; at least a minute.",
    ),
    Key(
        "ADJUSTMENT_APPROVAL_CREDITS",
        "integer",
        "100000",
        "Credits up to which one member of staff may adjust a balance alone; more needs a second.",
    ),
    Key(
        "METRICS_DIR",
        "path",
        "",
        "Folder, empty at start, in which several processes of a host count together, so that any "
        "of them shows what all did (for gunicorn's). Not set: each shows its own.",
    ),
    Key(
        "STRIPE_SECRET_KEY",
        "text",
        "",
        "Secret key of the Stripe account that payments go to. Not set: nothing can be bought, and "
        "the pages say so.",
    ),
    Key(
        "STRIPE_WEBHOOK_SECRETS",
        "list",
        "",
        "Signing secrets of Stripe's webhook endpoint; two while one is being replaced.",
    ),
    Key(
        "STRIPE_API_BASE",
        "url",
        "",
        "Address of a stand-in for Stripe's API on loopback, for development; refused unless "
        "`DEBUG` is on.",
    ),
    Key(
        "EMAIL_URL",
        "url",
        "",
        "Where mail goes: `smtp+tls://user:password@host:587`, or `smtp+ssl://…:465`, or "
        "`smtp://…:25`. Not set: mails are printed to the console.",
    ),
    Key("EMAIL_FROM", "text", "Pixelflow <no-reply@localhost>", "Sender of the mails."),
    Key(
        "GOOGLE_CLIENT_ID",
        "text",
        "",
        "OAuth client for signing in with Google; not set: no such button.",
    ),
    Key("GOOGLE_CLIENT_SECRET", "text", "", "Its secret."),
    Key(
        "GITHUB_CLIENT_ID",
        "text",
        "",
        "OAuth app for signing in with GitHub; not set: no such button.",
    ),
    Key("GITHUB_CLIENT_SECRET", "text", "", "Its secret."),
    Key(
        "EXTRA_NODES",
        "list",
        "",
        "Modules with node types of your own; each has a tuple `NODES` of node classes.",
    ),
    Key(
        "GALLERY_CHECK_S",
        "number",
        "3",
        "Seconds between two looks for what the gallery lists by now. 0: at every request.",
    ),
    Key(
        "CATALOGUE_CHECK_S",
        "number",
        "3",
        "Seconds between two looks for models and prices that staff changed; twice as many may pass "
        "in a process that is in the middle of something. 0: never, the release's models alone.",
    ),
    Key(
        "EXTRA_PROVIDERS",
        "list",
        "",
        "Modules with provider adapters of your own; each has a tuple `ADAPTERS`.",
    ),
    Key(
        "FAULTS",
        "text",
        "",
        "Kill points to arm, for tests of durability (`common.faults`); refused unless `DEBUG` is on.",
    ),
    Key(
        "PRIVATE_SERVERS",
        "boolean",
        "false",
        "Workspaces may name model servers of their own at private addresses. Only for "
        "installations whose users may reach the whole network anyway.",
    ),
    Key(
        "FETCH_LOOPBACK_PORTS",
        "list",
        "",
        "Loopback ports that the URL fetcher may reach, for "
        "fakes in development; refused unless `DEBUG` is on.",
    ),
)

_BASE_URL = "Where it is, if not at its usual address."
_BASE_URLS = {
    "comfyui": "A ComfyUI server for all: every workspace may run any workflow there, and reach what "
    "others left. Where they do not trust each other, let each bring its own.",
    "openai_compatible": "A server for all that speaks OpenAI's language; its models cost what staff "
    "set, nothing at first.",
    "local": "The model server of this installation (docs/local-models.md).",
}
# The providers that an account of the installation may be named for: keys and addresses of the
# platform's own. The table of what they are is `workflows.catalogue.providers`.
PROVIDER_NAMES = (
    "openai", "google", "anthropic", "openai_compatible", "bfl", "recraft", "bytedance", "kling",
    "runway", "stability", "ideogram", "luma", "minimax", "elevenlabs", "fal", "replicate",
    "segmind", "comfyui", "local",
)  # fmt: skip
KEYS += tuple(
    key
    for name in PROVIDER_NAMES
    for key in (
        Key(
            f"{name.upper()}_API_KEY", "text", "", f"The platform's key for the provider `{name}`."
        ),
        Key(f"{name.upper()}_SECRET_KEY", "text", "", "Its second half, where keys have two."),
        Key(f"{name.upper()}_BASE_URL", "url", "", _BASE_URLS.get(name, _BASE_URL)),
    )
)

_ACCOUNT_PARTS = {"key": "API_KEY", "secret": "SECRET_KEY", "base_url": "BASE_URL"}
_BY_NAME: Mapping[str, Key] = {key.name: key for key in KEYS}


class Env:
    """Typed reads of the declared keys."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.embedded = not self.text("DATABASE_URL")
        self.data_dir = Path(self.text("DATA_DIR")).resolve()

    @property
    def public_url(self) -> str:
        """The site's address for others, without a slash at its end."""
        return (self.text("PUBLIC_URL") or f"http://127.0.0.1:{self.integer('PORT')}").rstrip("/")

    def text(self, name: str) -> str:
        """Return a key's text: from `NAME`, from the file that `NAME_FILE` names, or its default."""
        key = _BY_NAME[name]
        if path := self._environ.get(f"{name}_FILE"):
            return self._read_file(name, Path(path))
        return self._environ.get(name, key.default)

    def integer(self, name: str) -> int:
        """Return a whole number."""
        try:
            return int(self.text(name))
        except ValueError:
            raise SettingsError(f"{name} must be a whole number") from None

    def number(self, name: str) -> float:
        """Return a number."""
        try:
            return float(self.text(name))
        except ValueError:
            raise SettingsError(f"{name} must be a number") from None

    def boolean(self, name: str) -> bool:
        """Return a switch: true, false, 1, 0, yes, no, on, off."""
        text = self.text(name).lower()
        if text in ("1", "true", "yes", "on"):
            return True
        if text in ("", "0", "false", "no", "off"):
            return False
        raise SettingsError(f"{name} must be true or false")

    def items(self, name: str) -> list[str]:
        """Return a comma-separated list without empty items."""
        return [item.strip() for item in self.text(name).split(",") if item.strip()]

    def integers(self, name: str) -> frozenset[int]:
        """Return a comma-separated list of whole numbers."""
        try:
            return frozenset(int(item) for item in self.items(name))
        except ValueError:
            raise SettingsError(f"{name} must be whole numbers with commas between") from None

    def secret(self, name: str) -> str:
        """Return a secret.

        In the embedded mode one that is not set is made once and kept in `DATA_DIR`; anywhere else
        the process refuses to start.
        """
        if value := self.text(name):
            return value
        if not self.embedded:
            raise SettingsError(f"{name} is not set; production needs it (or {name}_FILE)")
        return self._kept_secret(name)

    def provider_accounts(self) -> dict[str, dict[str, str]]:
        """Return the platform's accounts by provider: `key`, `secret` and `base_url`, some empty."""
        accounts = {}
        for name in PROVIDER_NAMES:
            parts = {
                part: self.text(f"{name.upper()}_{suffix}")
                for part, suffix in _ACCOUNT_PARTS.items()
            }
            if any(parts.values()):
                accounts[name] = parts | {"base_url": parts["base_url"].rstrip("/")}
        return accounts

    def _kept_secret(self, name: str) -> str:
        path = self.data_dir / "secrets.json"
        kept = _read_secrets(path)
        if name not in kept:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            with (self.data_dir / "secrets.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # of two first starts at once, one makes them
                kept = _read_secrets(path)
                if name not in kept:
                    kept[name] = _new_secret(name)
                    write_private(path, json.dumps(kept, indent=1))
        return kept[name]

    def _read_file(self, name: str, path: Path) -> str:
        try:
            return path.read_text("utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{name}_FILE cannot be read: {error.strerror}") from None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in one step, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def _read_secrets(path: Path) -> dict[str, str]:
    kept: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return kept


def describe_keys() -> str:
    """Return the table of all keys as Markdown, for `docs/settings.md`."""
    lines = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    for key in KEYS:
        default = "`var/` beside `manage.py`" if key.name == "DATA_DIR" else key.default or "–"
        default = "**required in production**" if key.secret else default
        lines.append(f"| `{key.name}` | {key.type} | {default} | {key.meaning} |")
    return "\n".join(lines) + "\n"


def _new_secret(name: str) -> str:
    value = secrets.token_urlsafe(48)
    return f"p1:{value}" if name in ("KEY_PEPPERS", "SEALING_KEYS") else value
