"""The durable record of runs: executions, their tasks, what came of nodes, events, and files."""

from django.db import models
from django.db.models import Q

from common.clock import utc_now
from common.fields import PackedJSONField, id_field
from common.ids import MAX_ID_LENGTH
from common.tenancy import TenantModel
from executor.types import (
    OPEN_ATTEMPTS,
    AttemptState,
    ExecutionStatus,
    Priority,
    ReviewState,
    TaskState,
)


class Execution(TenantModel):
    """One run of one version, accepted once and brought to exactly one final status.

    `inputs` are the checked inputs by name in the engine's stored form. `state` is the engine's
    `RunState`; it is read and written under this row's lock alone. `final_payload` is the poll
    answer of a finished run, serialised once, so that poll, stream and callback can never differ.
    `event_seq` is the number of the newest event. `version` is a plain id: versions are immutable
    and cached, so no query ever follows it. Workspaces are soft-deleted, hence DO_NOTHING.

    A run that another run's node started has `parent_id`, and wakes `parent_task_id` when it ends;
    `iteration` counts the rounds of a loop from 0, `depth` the runs above it. `retry_of` is the
    run whose results it took over.

    `estimated_credits` is the upper estimate: what a run at the top holds. Runs below hold nothing;
    what completes in them is captured from that one hold. `charged_credits` is what was captured
    for the run and for those below.
    """

    id = id_field()
    workspace = models.ForeignKey(
        "accounts.Workspace", models.DO_NOTHING, related_name="+", db_index=False
    )
    workflow_id = models.CharField(max_length=MAX_ID_LENGTH)
    version_id = models.CharField(max_length=MAX_ID_LENGTH)
    version_number = models.IntegerField(null=True)
    status = models.CharField(max_length=12, default=ExecutionStatus.QUEUED)
    mode = models.CharField(max_length=4)
    trigger = models.CharField(max_length=12)
    key_id = models.CharField(max_length=MAX_ID_LENGTH, null=True)  # noqa: DJ001 - null: no key
    inputs = PackedJSONField()
    options = PackedJSONField()  # cache, keep, maxCredits as they were asked for
    metadata = PackedJSONField(null=True)
    callback_url = models.TextField(null=True)  # noqa: DJ001 - null: none was recorded
    state = PackedJSONField(null=True)
    error = PackedJSONField(null=True)
    final_payload = models.TextField(null=True)  # noqa: DJ001 - null: not final
    estimated_credits = models.BigIntegerField(default=0)
    charged_credits = models.BigIntegerField(default=0)
    spent = PackedJSONField(null=True)  # by node type with a price: [runs, credits]; null: none
    is_counted = models.BooleanField(default=False)  # final, and in the counters of usage
    event_seq = models.IntegerField(default=0)
    priority = models.SmallIntegerField(default=Priority.API)
    parent_id = models.CharField(max_length=MAX_ID_LENGTH, null=True)  # noqa: DJ001 - null: none
    parent_task_id = models.CharField(max_length=MAX_ID_LENGTH, null=True)  # noqa: DJ001
    iteration = models.IntegerField(default=0)
    depth = models.SmallIntegerField(default=0)
    retry_of = models.CharField(max_length=MAX_ID_LENGTH, null=True)  # noqa: DJ001 - null: none
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            # the runs that a run's nodes started: cancelling, and going on with a loop
            models.Index(
                fields=["parent_id", "parent_task_id"],
                name="execution_child",
                condition=Q(parent_id__isnull=False),
            ),
            # age limit: what is still open, oldest first. By its end and not by its status, for
            # SQLite uses no partial index for conditions that come as parameters
            models.Index(
                fields=["created_at"], name="execution_open", condition=Q(finished_at=None)
            ),
            # usage: what has ended and is not counted yet; history stays out of the index. Its
            # condition has no values: SQLite takes no partial index for values that are parameters
            models.Index(
                fields=["workspace", "finished_at"],
                name="execution_uncounted",
                condition=Q(is_counted=False, finished_at__isnull=False),
            ),
            # executions list: newest first, one index for each set of equal filters, so that any
            # page is one range of one of them; runs that runs started are not listed
            *(
                models.Index(
                    fields=["workspace", *filters, "-id"], name=name, condition=Q(parent_id=None)
                )
                for name, filters in (
                    ("execution_list", ()),
                    ("execution_by_workflow", ("workflow_id",)),
                    ("execution_by_status", ("status",)),
                    ("execution_by_both", ("workflow_id", "status")),
                )
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(final_payload=None) | Q(finished_at__isnull=False),
                name="execution_final_is_finished",
            )
        ]

    @property
    def status_is_final(self) -> bool:
        """Say whether nothing of this run can change any more."""
        return ExecutionStatus(self.status).is_final


class Task(models.Model):
    """One unit of work: a segment of a run, or a range of a mapped segment's elements.

    `segment` -1 is the fetching of inputs that are URLs. A worker owns it while `lease_until` lies
    ahead and `fence` is what it was when the worker claimed it; every effect is conditional on
    both. `wake_at` is when it may be claimed, `rung_at` when a worker was last told of it;
    `attempts` counts claims without progress. `held` is for a place among its workspace's "running
    at once", `waiting` for another run, a person or the hour `wake_at`: neither holds a worker.
    Engine rows: no customer's query touches them.
    """

    id = id_field()
    execution = models.ForeignKey(Execution, models.CASCADE, related_name="+", db_index=False)
    workspace_id = models.CharField(max_length=MAX_ID_LENGTH)
    segment = models.IntegerField()
    start = models.IntegerField(default=0)
    stop = models.IntegerField(default=0)
    queue = models.CharField(max_length=16)
    priority = models.SmallIntegerField(default=Priority.API)
    state = models.CharField(max_length=8, default=TaskState.READY)
    wake_at = models.DateTimeField()
    rung_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=80, default="")
    fence = models.IntegerField(default=0)
    attempts = models.IntegerField(default=0)

    class Meta:
        indexes = [
            # sweep: what is claimable, oldest wake first; history stays out of the index
            models.Index(
                fields=["wake_at"], name="task_claimable", condition=Q(state=TaskState.READY)
            ),
            # claim: the workspaces that have something ready, and the first of each
            models.Index(
                fields=["queue", "workspace_id", "priority", "id"],
                name="task_fair",
                condition=Q(state=TaskState.READY),
            ),
            # a place became free: whose turn it is
            models.Index(
                fields=["workspace_id", "priority", "id"],
                name="task_held",
                condition=Q(state=TaskState.HELD),
            ),
            # sweep: whose wait is over
            models.Index(
                fields=["wake_at"], name="task_waiting", condition=Q(state=TaskState.WAITING)
            ),
            # sweep: whose lease has run out; heartbeat: whose leases to renew
            models.Index(
                fields=["lease_until"], name="task_leased", condition=Q(state=TaskState.RUNNING)
            ),
            models.Index(fields=["execution", "state"], name="task_of_execution"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class NodeResults(models.Model):
    """What came of the nodes of one commit: `items` are the engine's `NodeRecord`s as JSON.

    One row for each commit of a task, not for each node, since cheap nodes come by the dozen.
    `part` counts the commits of a task; `start` is that of its elements. Nodes without a record
    have not run: their status is in the execution's state.
    """

    id = models.BigAutoField(primary_key=True)
    execution = models.ForeignKey(Execution, models.CASCADE, related_name="+", db_index=False)
    segment = models.IntegerField()
    start = models.IntegerField(default=0)
    part = models.IntegerField(default=0)
    items = PackedJSONField()

    class Meta:
        constraints = [
            # poll and hand-over read by execution; two workers can never both store a result
            models.UniqueConstraint(
                fields=["execution", "segment", "start", "part"], name="node_results_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} {self.segment}:{self.start}:{self.part}"


class ExecutionEvent(models.Model):
    """The numbered stream of a run; one row holds all events of one commit.

    `items` are `{type, data}`; the first has number `first_seq`, the others follow without a gap.
    """

    id = models.BigAutoField(primary_key=True)
    execution = models.ForeignKey(Execution, models.CASCADE, related_name="+", db_index=False)
    first_seq = models.IntegerField()
    last_seq = models.IntegerField()
    items = PackedJSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # streams read onwards from a number; numbers are given once
            models.UniqueConstraint(fields=["execution", "first_seq"], name="event_seq_once")
        ]

    def __str__(self) -> str:
        return f"{self.execution_id} {self.first_seq}–{self.last_seq}"


class File(TenantModel):
    """A stored piece of media. The bytes lie once per workspace and content, under `storage_key`.

    `content_type` comes from our own look at the bytes. `execution_id` is the run that made it,
    null for an upload. A deleted row stays (`deleted_at`), so that its id answers 410 rather than
    404 and is never given out again; its bytes go later, when no other row needs them
    (`collected_at`). `reused_at` is when a run last took it out of the cache, which counts as young.
    """

    id = id_field()
    workspace = models.ForeignKey(
        "accounts.Workspace", models.DO_NOTHING, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=12)
    content_type = models.CharField(max_length=100)
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=160)
    width = models.IntegerField(null=True)
    height = models.IntegerField(null=True)
    duration_s = models.FloatField(null=True)
    execution_id = models.CharField(max_length=MAX_ID_LENGTH, null=True)  # noqa: DJ001
    created_at = models.DateTimeField()
    reused_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    collected_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["workspace", "-id"], name="file_list"),
            # retention: what is still there, oldest first
            models.Index(
                fields=["workspace", "created_at"],
                name="file_living",
                condition=Q(deleted_at=None),
            ),
            # collection: what is deleted while its bytes may still lie there
            models.Index(
                fields=["deleted_at"],
                name="file_uncollected",
                condition=Q(deleted_at__isnull=False, collected_at__isnull=True),
            ),
            # deletion asks whether other rows still need the same bytes
            models.Index(fields=["storage_key"], name="file_by_content"),
        ]


class Attempt(models.Model):
    """One try of a node at a provider, written down before the call that may cost money.

    `client_ref` is what the provider is told as our reference, `callback_token` what it calls back
    with; `handle` is its own id of the job. At most one attempt of a task is open, and whoever
    takes the task over goes on with it. The moves are in `executor.types.ATTEMPT_MOVES`.
    """

    id = id_field()
    execution = models.ForeignKey(Execution, models.CASCADE, related_name="+", db_index=False)
    workspace_id = models.CharField(max_length=MAX_ID_LENGTH)
    task_id = models.CharField(max_length=MAX_ID_LENGTH)
    node_id = models.CharField(max_length=64)
    number = models.IntegerField()
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=200)
    # The model's key in the catalogue; empty for nodes of an installation's own.
    model_key = models.CharField(max_length=60, default="", db_default="")
    # Of its routes, the number of the one that is taken; and whose account, empty: the platform's.
    route = models.SmallIntegerField(default=0, db_default=0)
    account = models.CharField(max_length=MAX_ID_LENGTH, default="", db_default="")
    # What the provider said that it cost, in millionths of a dollar; null: it did not say.
    cost_micros = models.BigIntegerField(null=True)
    # What its node costs the customer, if it completed.
    credits = models.BigIntegerField(default=0, db_default=0)
    state = models.CharField(max_length=10, default=AttemptState.INTENT)
    client_ref = models.CharField(max_length=MAX_ID_LENGTH, unique=True)
    callback_token = models.CharField(max_length=64, unique=True)
    request_digest = models.CharField(max_length=64)
    handle = PackedJSONField(null=True)
    result = PackedJSONField(null=True)
    error = PackedJSONField(null=True)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    called_back_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # staff: what a provider may have done for us without our knowing
            models.Index(
                fields=["provider", "created_at"],
                name="attempt_unknown",
                condition=Q(state=AttemptState.UNKNOWN),
            ),
            models.Index(fields=["execution"], name="attempt_of_execution"),
            # staff: health, spend and errors of the last hours and days
            models.Index(fields=["created_at", "provider"], name="attempt_recent"),
            # sweep: what a provider may still work on; history stays out of the index
            models.Index(
                fields=["created_at"],
                name="attempt_open",
                condition=Q(state__in=sorted(OPEN_ATTEMPTS)),
            ),
        ]
        constraints = [
            # two workers can never both begin the same try
            models.UniqueConstraint(fields=["task_id", "number"], name="attempt_once")
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.provider} {self.state}"


class ProviderSetting(models.Model):
    """What staff decided about a provider: whether it is used, how much at once, what own keys cost.

    `max_jobs` are open attempts at a time over the whole installation, `max_jobs_per_account` of
    one account there; null: as many as there are. `own_key_fee` is in credits, for each run of a
    node by a workspace's own key.
    """

    provider = models.CharField(primary_key=True, max_length=40)
    is_off = models.BooleanField(default=False)
    max_jobs = models.PositiveIntegerField(null=True, blank=True)
    max_jobs_per_account = models.PositiveIntegerField(null=True, blank=True)
    own_key_fee = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=utc_now)
    updated_by = models.CharField(max_length=100, blank=True, default="")

    def __str__(self) -> str:
        return self.provider


class ProviderBlock(models.Model):
    """An account that a provider refuses: no key, no money, wrong region. Opened and closed by workers.

    One row for each account that was ever refused; `until` is when it is tried again. What is
    blocked is unavailable to every process.
    """

    provider = models.CharField(max_length=40)
    account = models.CharField(max_length=MAX_ID_LENGTH, blank=True, default="")
    since = models.DateTimeField()
    until = models.DateTimeField()
    message = models.CharField(max_length=200)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "account"], name="provider_block_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.account}".strip()


class CacheEntry(TenantModel):
    """What a node gave for equal inputs before; `key` is `executor.engine.keys`'.

    `outputs` are stored forms by port. Files in them are only named: an entry whose file is gone is
    no entry.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", models.DO_NOTHING, related_name="+", db_index=False
    )
    key = models.CharField(max_length=64)
    outputs = PackedJSONField()
    bytes = models.BigIntegerField(default=0)
    used_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [
            # purge by age, and by size from the least recently used on
            models.Index(fields=["workspace", "used_at"], name="cache_by_use"),
        ]
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="cache_once")]


class Review(TenantModel):
    """A question to a person that a run waits for, and what was decided, by whom and when.

    `question` is what is shown (kind, title, values in stored form), `default` what counts when
    nobody answers until `expires_at`; `decision` what was decided. `link_key` is part of the signed
    link, so that a new one makes old links void. `decided_by` names a user, a key or `link`.
    """

    id = id_field()
    workspace = models.ForeignKey(
        "accounts.Workspace", models.DO_NOTHING, related_name="+", db_index=False
    )
    execution = models.ForeignKey(Execution, models.CASCADE, related_name="+", db_index=False)
    task_id = models.CharField(max_length=MAX_ID_LENGTH, unique=True)
    node_id = models.CharField(max_length=64)
    state = models.CharField(max_length=8, default=ReviewState.OPEN)
    question = PackedJSONField()
    default = PackedJSONField(null=True)
    decision = PackedJSONField(null=True)
    decided_by = models.CharField(max_length=80, blank=True, default="")
    decided_via = models.CharField(max_length=8, blank=True, default="")
    link_key = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["workspace", "state", "-id"], name="review_list"),
            models.Index(fields=["execution"], name="review_of_execution"),
        ]


class WorkspaceLoad(models.Model):
    """How many runs of a workspace are under way, kept rather than counted.

    Raised and lowered in the transactions that admit and end a run, so it never drifts.
    """

    workspace_id = models.CharField(max_length=MAX_ID_LENGTH, primary_key=True)
    running = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(running__gte=0), name="load_not_negative")
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.running}"


class Occurrence(models.Model):
    """One due time of a regular job; the unique pair is what makes each happen once."""

    id = models.BigAutoField(primary_key=True)
    schedule = models.CharField(max_length=40)
    due_at = models.DateTimeField()
    owner = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "due_at"], name="occurrence_once")
        ]

    def __str__(self) -> str:
        return f"{self.schedule} {self.due_at}"
