"""The tables of people, workspaces and keys. Only this app's services write them."""

from datetime import UTC
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.types import (
    MAX_EMAIL_LENGTH,
    MAX_MAILBOX_LENGTH,
    MAX_NAME_LENGTH,
    Role,
    clean_email,
    clean_line,
    clean_name,
    mailbox_of,
    problem_of_limit,
)
from common import strict_json
from common.canonical import digest
from common.clock import utc_now
from common.errors import MalformedRequest
from common.fields import CheckedJSONField, id_field
from common.ids import new_id
from common.tenancy import TenantModel


class UserManager(BaseUserManager["User"]):
    """Makes users under the one spelling of their address."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the stored spelling of an address (Django's own keeps the local part's case).

        Raises:
            ValueError: no usable address.
        """
        return clean_email(email or "")

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user with this address in whatever case; sign-in looks users up by this."""
        return self.get(email=(username or "").strip().lower())

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Insert a user; without a password nobody can sign in with one.

        Raises:
            ValueError: no usable address.
        """
        user = self.model(id=new_id("usr"), email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db, force_insert=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Insert a member of staff who may do everything; `manage.py createsuperuser` calls this."""
        return self.create_user(
            email, password, **{**fields, "is_staff": True, "is_superuser": True}
        )


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in.

    Known by the e-mail address, of which there is one spelling (NFC, lower case), so that one
    mailbox cannot hold two accounts and sign-in is one look-up by index. A user owns nothing:
    what people make belongs to workspaces, and a user is let in there by a `Membership`.
    Users are not deleted but made inactive, because history names them.
    """

    id = id_field()
    email = models.EmailField(max_length=MAX_EMAIL_LENGTH, unique=True)
    display_name = models.CharField(max_length=MAX_NAME_LENGTH, blank=True, default="")
    is_staff = models.BooleanField(default=False, help_text="May sign in to the admin.")
    is_active = models.BooleanField(default=True, help_text="Clear this instead of deleting.")
    theme = models.CharField(
        max_length=8, default="system", choices=[(t, t) for t in ("system", "light", "dark")]
    )
    first_interest = models.CharField(max_length=40, blank=True, default="")  # a gallery category
    # `mailbox_of(email)`: by it a second account of one person is found.
    mailbox = models.CharField(
        max_length=MAX_MAILBOX_LENGTH, blank=True, default="", editable=False, db_index=True
    )
    created_at = models.DateTimeField(default=utc_now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        constraints = [
            # Unique alone would let another case of the same address in by a path of its own.
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_lower_case"
            )
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Bring address and name into their stored form; forms call this before they save."""
        self.email = _checked("email", clean_email, self.email)
        self.display_name = _checked("display_name", clean_line, self.display_name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the mailbox in step with the address, whoever changes it."""
        self.mailbox = mailbox_of(self.email)
        fields = kwargs.get("update_fields")
        if fields is not None and "email" in fields:
            kwargs["update_fields"] = {*fields, "mailbox"}
        super().save(*args, **kwargs)


class Workspace(models.Model):
    """What customers' things belong to: workflows, runs, files, keys, credits.

    The tenant itself, so the one table of theirs without a `workspace` column. `plan` is a word and
    not a foreign key, because plans are billing's, which stands above this app and keeps the
    credits as well. `limit_overrides` holds what staff granted beyond the plan.
    Deleting sets `deleted_at`: keys die at once, the data is erased later, the ledger stays.
    """

    id = id_field()
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    plan = models.CharField(max_length=32, default="free")
    # Whose keys its models run by: `accounts.types.KeyPolicy`.
    key_policy = models.CharField(max_length=16, default="own_first")
    limit_overrides = CheckedJSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=utc_now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"

    def clean(self) -> None:
        """Bring name and overrides into their stored form; forms call this before they save."""
        self.name = _checked("name", clean_name, self.name)
        if self.limit_overrides is None:  # what a form makes of an empty field
            self.limit_overrides = {}
        if not isinstance(self.limit_overrides, dict):
            raise ValidationError({"limit_overrides": "Give a JSON object."})
        try:
            strict_json.check_text(self.limit_overrides)
        except MalformedRequest as error:
            raise ValidationError({"limit_overrides": error.detail}) from error
        problems = {
            name: problem_of_limit(name, figure) for name, figure in self.limit_overrides.items()
        }
        wrong = [f"{name} {problem}." for name, problem in problems.items() if problem]
        if wrong:
            raise ValidationError({"limit_overrides": wrong})


class Membership(TenantModel):
    """A user's place in a workspace, and the role that goes with it.

    One row for each pair, so a person has one role there and `change_role` is one update. That a
    workspace keeps an owner spans rows, which no constraint can say; the services hold a lock on
    the workspace while they check it.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=[(role.value, role.value) for role in Role])
    created_at = models.DateTimeField(default=utc_now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_once"),
            # An unknown word would be a role that no table of permissions knows.
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]),
                name="membership_role_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.workspace_id}: {self.role}"


class Invitation(TenantModel):
    """An invitation of an address into a workspace; `digest` is of the secret in the mailed link.

    Good once, for the person with that address, until `expires_at`, and only while the one who
    sent it may still give `role`.
    """

    id = id_field()
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=MAX_EMAIL_LENGTH)
    role = models.CharField(max_length=16, choices=[(role.value, role.value) for role in Role])
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=utc_now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.workspace_id}: {self.role}"


class PolicyPage(models.Model):
    """A text that people agree to or must be able to read; staff edit it in the admin."""

    slug = models.SlugField(primary_key=True, max_length=40)
    title = models.CharField(max_length=100)
    body = models.TextField(help_text="Markdown.")
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(default=utc_now)
    updated_by = models.CharField(max_length=100, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.title} (version {self.version})"


class PolicyConsent(models.Model):
    """That a person agreed to a version of a policy; never changed."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    policy = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    agreed_at = models.DateTimeField(default=utc_now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "policy", "version"], name="consent_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.policy} {self.version}"


class OutgoingMail(models.Model):
    """A mail that is on its way: written with what it is about, gone once it was handed over.

    `sealed` is the letter as JSON, sealed, since it may hold a link that opens an account.
    `due_at` is when it is tried next; whoever tries it moves that on first.
    """

    id = id_field()
    to = models.EmailField(max_length=MAX_EMAIL_LENGTH)
    sealed = models.TextField()
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(default=utc_now, editable=False)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["due_at"], name="mail_due")]

    def __str__(self) -> str:
        return f"{self.id} to {self.to}"


class ApiKey(TenantModel):
    """A key with which programs call the API on behalf of one workspace.

    The secret is not here. `public_id`, eight characters of it, finds the row by index; `digest`
    is the HMAC of the whole token under the pepper that `pepper_id` names, so a copy of this table
    opens nothing, and a pepper can be replaced while keys made under the last one go on working.
    A key is never deleted: revoked and expired ones stay to be named in history.

    `monthly_cap` is the credits that it may spend in a UTC month, null without a cap.
    `workflows` are the ids that it may use, `addresses` the networks that it may be used from; an
    empty list is no restriction. `replaced_by` is the key that took its place when it was rolled;
    it goes on until `expires_at` then.
    """

    id = id_field()
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    public_id = models.CharField(max_length=8, unique=True)
    digest = models.CharField(max_length=64)
    pepper_id = models.CharField(max_length=16)
    mode = models.CharField(max_length=4, choices=[("live", "live"), ("test", "test")])
    scopes = models.JSONField(default=list)
    monthly_cap = models.BigIntegerField(null=True, blank=True)
    workflows = models.JSONField(default=list, blank=True)
    addresses = models.JSONField(default=list, blank=True)
    replaced_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=utc_now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"
        constraints = [
            # Test keys spend nothing: a third word must not slip between the two.
            models.CheckConstraint(
                condition=models.Q(mode__in=["live", "test"]), name="api_key_mode_known"
            ),
            models.CheckConstraint(
                condition=models.Q(monthly_cap=None) | models.Q(monthly_cap__gte=0),
                name="api_key_cap_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint})"

    @property
    def hint(self) -> str:
        """What may be shown of the secret."""
        return f"sk-{self.mode}-{self.public_id}…"


class ProviderKey(TenantModel):
    """A workspace's own key for a model provider, or its own server. Never shown again, only used.

    `sealed` holds key and second half encrypted, bound to this row (`common.secrets`); `base_url`
    is set for servers that people host themselves. `checked_at` and `check_error` are of the last
    test, empty for one that went well. A revoked key keeps its row for the history.
    """

    id = id_field()
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="+")
    provider = models.CharField(max_length=40)
    label = models.CharField(max_length=MAX_NAME_LENGTH)
    sealed = models.TextField()
    last4 = models.CharField(max_length=4, blank=True, default="")
    base_url = models.CharField(max_length=500, blank=True, default="")
    created_by = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=utc_now, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True)
    check_error = models.CharField(max_length=300, blank=True, default="")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            # which key a run takes is never a question
            models.UniqueConstraint(
                fields=["workspace", "provider"],
                condition=Q(revoked_at__isnull=True),
                name="provider_key_one_live",
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} …{self.last4}"


class IdempotencyRecord(TenantModel):
    """The first answer to a POST that named an `Idempotency-Key`, kept to be given again.

    It is written in the transaction that does what the request asked for: one without the other
    cannot be. `principal` is `api`, or `hook:<id>` for a webhook's callers. A record past
    `expires_at` is none, whether it was purged by then or not.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    mode = models.CharField(max_length=4)
    principal = models.CharField(max_length=60)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.SmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["expires_at"], name="idempotency_expiry")]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "mode", "principal", "key"], name="idempotency_once"
            )
        ]


class AuditEntry(models.Model):
    """Who did what to which thing: written with the change itself, never changed, never deleted.

    Entries of one workspace form a chain: `digest` is that of the entry with the `previous` one's,
    `number` counts from 1. `workspace_id` is empty for what belongs to no workspace.
    `before` and `after` are short facts, or digests of long ones; `network` is the caller's, cut to
    /24 or /48.
    """

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.CharField(max_length=40, default="", blank=True)
    number = models.BigIntegerField()
    actor = models.CharField(max_length=80)
    via = models.CharField(max_length=12)
    verb = models.CharField(max_length=40)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=80)
    before = CheckedJSONField(null=True)
    after = CheckedJSONField(null=True)
    network = models.CharField(max_length=64, default="", blank=True)
    request_id = models.CharField(max_length=128, default="", blank=True)
    created_at = models.DateTimeField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_of_object")]
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "number"], name="audit_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.number}: {self.verb} {self.object_type} {self.object_id}"

    def compute_digest(self) -> str:
        """Return the digest that an entry with these values has; every column but the id is in it."""
        return digest(
            {
                "workspace": self.workspace_id,
                "number": self.number,
                "actor": self.actor,
                "via": self.via,
                "verb": self.verb,
                "objectType": self.object_type,
                "objectId": self.object_id,
                "before": self.before,
                "after": self.after,
                "network": self.network,
                "requestId": self.request_id,
                "createdAt": self.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
                "previous": self.previous,
            }
        )


class AuditHead(models.Model):
    """The end of a workspace's chain of audit entries: the row that writers queue at."""

    workspace_id = models.CharField(primary_key=True, max_length=40)
    number = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.number}"


class AuditAnchor(models.Model):
    """Where a workspace's chain stood on a day; whoever keeps a copy can prove the rest."""

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.CharField(max_length=40)
    day = models.DateField()
    number = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "day"], name="audit_anchor_once")
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.day}: {self.number}"


def _checked(field: str, clean: Any, text: str) -> str:
    """Return `clean(text)`; what it refuses becomes an error of the form's field."""
    try:
        cleaned: str = clean(text)
    except ValueError as error:
        raise ValidationError({field: f"This {error}."}) from error
    return cleaned
