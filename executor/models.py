"""The durable record of runs: executions, their tasks, what came of nodes, events, and files."""

from django.db import models
from django.db.models import Q

from common.fields import PackedJSONField, id_field
from common.ids import MAX_ID_LENGTH
from common.tenancy import TenantModel
from executor.types import ExecutionStatus, TaskState


class Execution(TenantModel):
    """One run of one version, accepted once and brought to exactly one final status.

    `inputs` are the checked inputs by name in the engine's stored form. `state` is the engine's
    `RunState`; it is read and written under this row's lock alone. `final_payload` is the poll
    answer of a finished run, serialised once, so that poll, stream and callback can never differ.
    `event_seq` is the number of the newest event. `version` is a plain id: versions are immutable
    and cached, so no query ever follows it. Workspaces are soft-deleted, hence DO_NOTHING.
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
    event_seq = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            # executions list: newest first, with or without a filter by workflow or status
            models.Index(fields=["workspace", "-id"], name="execution_list"),
            models.Index(fields=["workspace", "workflow_id", "-id"], name="execution_by_workflow"),
            models.Index(fields=["workspace", "status", "-id"], name="execution_by_status"),
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
    `attempts` counts claims without progress. Engine rows: no customer's query touches them.
    """

    id = id_field()
    execution = models.ForeignKey(Execution, models.CASCADE, related_name="+", db_index=False)
    workspace_id = models.CharField(max_length=MAX_ID_LENGTH)
    segment = models.IntegerField()
    start = models.IntegerField(default=0)
    stop = models.IntegerField(default=0)
    queue = models.CharField(max_length=16)
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
    404 and is never given out again.
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
    deleted_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["workspace", "-id"], name="file_list"),
            # deletion asks whether other rows still need the same bytes
            models.Index(fields=["storage_key"], name="file_by_content"),
        ]
