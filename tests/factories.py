"""Typed `make_*` functions: test data made the way the product makes it, through services.

Each section belongs to an app, in the order of the apps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from accounts.api import (
    SYSTEM_ACTOR,
    Actor,
    IssuedKey,
    KeyMode,
    Role,
    Scope,
    UserRef,
    WorkspaceRef,
    add_member,
    create_api_key,
    create_user,
)
from accounts.models import Workspace
from billing.api import open_workspace
from executor.conf import temporary_dir
from executor.models import Task
from executor.runtime.perform import Performer
from executor.services.accept import accept_execution
from executor.services.files import take_upload
from executor.types import Accepted, ExecutionRequest, FileRef, TaskState, Trigger
from templates_gallery.api import (
    OwnTemplate,
    TemplateCard,
    TemplateFields,
    load_library,
    submit_template,
)
from templates_gallery.models import Template
from templates_gallery.selectors.cards import listed_cards
from templates_gallery.services.moderation import approve_template
from templates_gallery.types import Example, LibraryTemplate
from workflows.api import (
    VersionChoice,
    VersionRef,
    WorkflowRef,
    create_workflow,
    publish_workflow,
)

ALL_SCOPES = tuple(scope.value for scope in Scope)

# So that tests of other things meet no limit of these.
AMPLE_LIMITS = {
    "requestsPerMinute": 1_000_000,
    "executionsPerMinute": 1_000_000,
    "executionsPerDay": 1_000_000,
}

_numbers = count(1)


# --- accounts


def make_user(*, email: str | None = None, password: str | None = None) -> UserRef:
    """A user of no workspace."""
    return create_user(
        actor=SYSTEM_ACTOR,
        email=email or f"person{next(_numbers)}@example.com",
        password=password,
        display_name="A Person",
    )


def make_workspace(
    *,
    owner: UserRef | None = None,
    name: str = "Studio",
    plan: str = "free",
    credits: int = 100_000,  # noqa: A002 - the word of the trade
    limits: Mapping[str, int | None] = AMPLE_LIMITS,
) -> WorkspaceRef:
    """A workspace with an owner; `limits` lie over those of its plan, `{}` leaves it to the plan."""
    owner = owner or make_user()
    workspace = open_workspace(
        actor=SYSTEM_ACTOR, name=name, owner_email=owner.email, plan=plan, credits=credits
    )
    return ample(workspace, limits)


def ample(workspace: WorkspaceRef, limits: Mapping[str, int | None] = AMPLE_LIMITS) -> WorkspaceRef:
    """A workspace under limits of its own, without a line in its audit log."""
    Workspace.objects.filter(pk=workspace.id).update(limit_overrides=dict(limits))
    return replace(workspace, limit_overrides=dict(limits))


def make_member(workspace: WorkspaceRef, *, role: Role = Role.EDITOR) -> UserRef:
    """A new user in a workspace."""
    user = make_user()
    add_member(actor=SYSTEM_ACTOR, workspace_id=workspace.id, user_id=user.id, role=role)
    return user


def make_key(
    workspace: WorkspaceRef,
    *,
    scopes: Sequence[str] = ALL_SCOPES,
    mode: KeyMode = "live",
    expires_at: datetime | None = None,
) -> IssuedKey:
    """A key of a workspace; `.secret` is what a client sends."""
    return create_api_key(
        actor=SYSTEM_ACTOR,
        workspace_id=workspace.id,
        name="Test key",
        mode=mode,
        scopes=scopes,
        expires_at=expires_at,
    )


def as_actor(user: UserRef) -> Actor:
    """A user as the actor of a service."""
    return Actor("user", user.id)


# --- workflows


def make_graph(*, case: str = "upper") -> dict[str, Any]:
    """A graph without problems: the text input `text` in another case as the output `text`."""
    return {
        "schema": 1,
        "nodes": [
            {"id": "in", "type": "input.text", "params": {"name": "text"}},
            {"id": "case", "type": "text.case", "params": {"case": case}},
            {"id": "out", "type": "output", "params": {"name": "text"}},
        ],
        "edges": [
            make_edge("in.value", "case.text"),
            make_edge("case.text", "out.value"),
        ],
    }


def make_edge(source: str, target: str, *, edge_id: str | None = None) -> dict[str, str]:
    """An edge of a graph document between two ports, each given as `node.port`."""
    source_id, source_handle = source.split(".")
    target_id, target_handle = target.split(".")
    return {
        "id": edge_id or f"{source_id}-{source_handle}-{target_id}-{target_handle}",
        "source": source_id,
        "sourceHandle": source_handle,
        "target": target_id,
        "targetHandle": target_handle,
    }


def make_workflow(
    workspace: WorkspaceRef,
    *,
    name: str = "Shout",
    description: str = "",
    graph: object = None,
    callback_url: str = "",
) -> WorkflowRef:
    """A draft in a workspace; its graph has no problems unless one is given that has."""
    return create_workflow(
        actor=SYSTEM_ACTOR,
        workspace_id=workspace.id,
        name=name,
        description=description,
        graph=make_graph() if graph is None else graph,
        callback_url=callback_url,
    )


def make_version(workflow: WorkflowRef) -> VersionRef:
    """The draft of a workflow, published."""
    return publish_workflow(
        actor=SYSTEM_ACTOR, workspace_id=workflow.workspace_id, workflow_id=workflow.id
    )


def make_published_workflow(workspace: WorkspaceRef, *, graph: object = None) -> WorkflowRef:
    """A workflow whose draft is published as version 1."""
    workflow = make_workflow(workspace, graph=graph)
    make_version(workflow)
    return workflow


# --- executor


def make_execution(
    workflow: WorkflowRef,
    *,
    inputs: Mapping[str, Any] | None = None,
    version: VersionChoice = None,
    mode: KeyMode = "live",
    keep: str = "all",
    metadata: Mapping[str, Any] | None = None,
) -> Accepted:
    """An accepted run of a workflow, of which nothing is performed yet."""
    request = ExecutionRequest(
        workspace_id=workflow.workspace_id,
        workflow_id=workflow.id,
        version=version,
        inputs={"text": "hello"} if inputs is None else inputs,
        mode=mode,
        trigger=Trigger.API,
        keep=keep,
        metadata=metadata,
    )
    return accept_execution(request)


def run_all() -> None:
    """Perform every ready task in the calling thread, until none is left."""
    performer = Performer("test")
    ready = Task.objects.filter(state=TaskState.READY).order_by("id")
    while task_ids := list(ready.values_list("pk", flat=True)):
        for task_id in task_ids:
            performer.perform(task_id)


def make_finished_execution(
    workflow: WorkflowRef, *, inputs: Mapping[str, Any] | None = None
) -> Accepted:
    """A run of a workflow that is over; with it every other run that waits."""
    accepted = make_execution(workflow, inputs=inputs)
    run_all()
    return accepted


def make_file(workspace: WorkspaceRef, content: bytes = b"plain words") -> FileRef:
    """An uploaded file; plain text unless the bytes say otherwise."""
    source = temporary_dir() / f"factory-{next(_numbers)}"
    source.write_bytes(content)
    return take_upload(workspace_id=workspace.id, source=source)


# --- templates_gallery


def library_template(*, slug: str | None = None, **fields: Any) -> LibraryTemplate:
    """A template as a file of the library would describe it; its graph is `make_graph`'s."""
    slug = slug or f"shout-{next(_numbers)}"
    usual: dict[str, Any] = {
        "category": "text-llm",
        "title": f"Shout {slug}",
        "description": "Turns a text into capitals, for notes that must be read.",
        "readme": "Write, run, read.",
        "audience": "Writers in a hurry",
        "tags": ("text", "capitals"),
        "author": "Pixelflow",
        "licence": "CC0-1.0",
        "is_featured": False,
        "position": 0,
        "graph": make_graph(),
        "examples": (Example("Hello", {"text": "hello"}, {"text": "HELLO"}, is_simulated=False),),
        "digest": slug,
    }
    return LibraryTemplate(slug=slug, **{**usual, **fields})


def make_template(*, slug: str | None = None, **fields: Any) -> TemplateCard:
    """A listed template of the library, beside those that are listed; `fields` as `library_template`."""
    template = library_template(slug=slug, **fields)
    report = load_library([*_listed_library(), template])
    assert not report.refused, report
    return next(card for card in listed_cards() if card.slug == template.slug)


def make_own_template(
    workspace: WorkspaceRef, *, is_listed: bool = True, title: str = "Shout it out"
) -> OwnTemplate:
    """A template that a workspace made out of a workflow of its own; approved unless told otherwise."""
    workflow = make_published_workflow(workspace)
    run = make_finished_execution(workflow)
    own = submit_template(
        actor=SYSTEM_ACTOR,
        workspace_id=workspace.id,
        workflow_id=workflow.id,
        fields=TemplateFields(
            title=title,
            description="Turns a text into capitals, for notes that must be read.",
            category="text-llm",
            tags=("text",),
            example_execution_id=run.execution_id,
        ),
    )
    if is_listed:
        approve_template(actor=Actor("staff", "1"), template_id=own.id)
    return own


def _listed_library() -> list[LibraryTemplate]:
    rows = (
        Template.objects.across_workspaces()
        .filter(source="library", status="listed")
        .select_related("current")
    )
    found = []
    for row in rows:
        assert row.current is not None
        names = ("category", "title", "description", "readme", "audience", "author", "licence")
        found.append(
            library_template(
                slug=row.slug,
                tags=tuple(row.tags),
                is_featured=row.is_featured,
                position=row.position,
                graph=row.current.graph,
                examples=tuple(
                    Example(each["title"], each["inputs"], each["outputs"], each["simulated"])
                    for each in row.current.examples
                ),
                **{name: getattr(row, name) for name in names},
            )
        )
    return found
