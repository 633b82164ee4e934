"""What staff do to the catalogue: models of their own, overrides, the margin.

Each change is checked, raises the catalogue's revision and is in the audit log, in one transaction;
it is live in this process at once, and in every other one within 10 seconds.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.api import PLATFORM, Actor, RoleTooLow, record_audit
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import InvalidInputs, Issue, NotFound
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.model_files import ModelFileError, problem_at, read_model, shipped_models
from workflows.catalogue.overrides import NO_OVERRIDE, Override, problems_with_override
from workflows.catalogue.tasks import TASKS
from workflows.catalogue.tasks.base import input_ports
from workflows.catalogue.toml_lines import lines_of
from workflows.models import CatalogueState, ModelEntry, ModelOverride
from workflows.selectors.catalogue import STATE, get_catalogue

MAX_MARGIN = Decimal(1000)  # percent; more is a slip of the pen
MAX_POSITION = 1_000_000

_STATUS = re.compile(r"""\s*status\s*=\s*(["'])\w+\1\s*(#.*)?""")


def add_model(*, actor: Actor, document: str, clock: Clock = SYSTEM_CLOCK) -> str:
    """Add a model; returns its key.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        ModelFileError: the document is no model, or the key is taken.
    """
    with _changing(actor, clock) as change:
        model = check_new_model(document)
        ModelEntry.objects.create(
            key=model.key, document=document, created_at=change.now, **change.stamp
        )
        change.conclude("create", ("model", model.key), after=document)
    return model.key


def change_model(*, actor: Actor, key: str, document: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Put another document in the place of a model that staff added.

    What people's workflows may have set or wired stays: to take that away, retire the model.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        NotFound: staff added no such model.
        ModelFileError: the document is no model, another one, or lacks what the present one has.
    """
    with _changing(actor, clock) as change:
        entry = check_changed_model(key, document)
        _replace(change, entry, document, "change")


def retire_model(
    *, actor: Actor, key: str, replaced_by: str = "", clock: Clock = SYSTEM_CLOCK
) -> None:
    """Retire a model that staff added: it stays, and no run may use it any more.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        NotFound: staff added no such model.
        ModelFileError: its status cannot be changed without a person's eyes.
        InvalidInputs: there is no such successor.
    """
    with _changing(actor, clock) as change:
        entry = _entry(key)
        if replaced_by and (replaced_by == key or not _exists(replaced_by)):
            raise InvalidInputs([Issue("/replacedBy", "not_found", "There is no such model.")])
        document = _retired(entry.document, replaced_by)
        read_model(document)
        _replace(change, entry, document, "retire")


def override_model(
    *, actor: Actor, key: str, override: Override, reason: str = "", clock: Clock = SYSTEM_CLOCK
) -> None:
    """Decide about a model otherwise than its file does; an empty override takes that back.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        NotFound: there is no such model.
        InvalidInputs: the price or a provider does not fit the model.
    """
    with _changing(actor, clock) as change:
        check_override(key, override)
        row = ModelOverride.objects.filter(pk=key).first()
        before = None if row is None else _facts(row)
        if override == NO_OVERRIDE:
            ModelOverride.objects.filter(pk=key).delete()
        else:
            row = _save_override(change, key, override, reason)
        after = None if override == NO_OVERRIDE or row is None else _facts(row)
        change.conclude("change", ("model_override", key), before=before, after=after)


def set_margin(*, actor: Actor, percent: Decimal, clock: Clock = SYSTEM_CLOCK) -> None:
    """Set the margin that is on the prices of all models, in percent of them.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        InvalidInputs: it is negative, above `MAX_MARGIN`, or finer than a hundredth.
    """
    is_fine = percent.is_finite() and percent == round(percent, 2) and 0 <= percent <= MAX_MARGIN
    if not is_fine:
        message = f"Give a number from 0 to {MAX_MARGIN}, with two decimals at most."
        raise InvalidInputs([Issue("/percent", "out_of_range", message)])
    with _changing(actor, clock) as change:
        before, change.state.margin_percent = change.state.margin_percent, percent
        facts = {"before": str(before), "after": str(percent)}
        change.conclude("change", ("catalogue", "margin"), **facts)


def check_new_model(document: str) -> ModelSpec:
    """Return the model of a document that could be added.

    Raises:
        ModelFileError: as `add_model`.
    """
    model = read_model(document)
    _check_is_free(model, document)
    _check_successor(model, document)
    return model


def check_changed_model(key: str, document: str) -> ModelEntry:
    """Return the entry in whose place a document could be put.

    Raises:
        NotFound, ModelFileError: as `change_model`.
    """
    model, entry = read_model(document), _entry(key)
    problems = list(_broken_promises(entry, model))
    if problems:
        raise problem_at(document, *problems[0])
    _check_successor(model, document)
    return entry


def check_override(key: str, override: Override) -> None:
    """Check whether a decision fits its model.

    Raises:
        NotFound: there is no such model.
        InvalidInputs: the price, a provider or the position does not fit.
    """
    model = _shipped().get(key)
    if model is None:
        try:
            model = read_model(_entry(key).document)
        except ModelFileError as error:
            raise InvalidInputs([Issue("/key", "not_allowed", str(error))]) from error
    issues = [
        Issue("/price" if problem.startswith("Price") else "/providers", "not_allowed", problem)
        for problem in problems_with_override(model, override)
    ]
    if override.position is not None and abs(override.position) > MAX_POSITION:
        issues.append(Issue("/position", "out_of_range", f"At most {MAX_POSITION}."))
    if issues:
        raise InvalidInputs(issues)


@dataclass
class _Change:
    """A change of the catalogue that is being made: by whom, when, and the row that counts it."""

    actor: Actor
    now: datetime
    state: CatalogueState

    @property
    def stamp(self) -> dict[str, Any]:
        """The columns of every row that say who changed it and when."""
        return {"updated_at": self.now, "updated_by": self.actor.label}

    def conclude(
        self, verb: str, thing: tuple[str, str], *, before: Any = None, after: Any = None
    ) -> None:
        """Raise the revision, last of all, and write what was done into the audit log.

        So whoever sees a revision sees what came with it. `thing` is the object's type and id.
        """
        self.state.revision += 1
        self.state.updated_at = self.now
        self.state.save()
        transaction.on_commit(get_catalogue.expire)
        record_audit(
            actor=self.actor,
            workspace_id=PLATFORM,
            verb=verb,
            object_type=thing[0],
            object_id=thing[1],
            before=before,
            after=after,
            now=self.now,
        )


@contextmanager
def _changing(actor: Actor, clock: Clock) -> Iterator[_Change]:
    """A transaction that changes the catalogue and ends with `conclude`; one at a time."""
    if not actor.acts_everywhere:
        raise RoleTooLow
    with transaction.atomic():
        CatalogueState.objects.get_or_create(pk=STATE)
        state = CatalogueState.objects.select_for_update().get(pk=STATE)
        yield _Change(actor, clock.now(), state)


def _entry(key: str) -> ModelEntry:
    found = ModelEntry.objects.filter(pk=key).first()
    if found is None:
        raise NotFound("Staff added no such model.")
    return found


def _replace(change: _Change, entry: ModelEntry, document: str, verb: str) -> None:
    ModelEntry.objects.filter(pk=entry.key).update(document=document, **change.stamp)
    change.conclude(verb, ("model", entry.key), before=entry.document, after=document)


def _check_is_free(model: ModelSpec, document: str) -> None:
    """Refuse a key that is taken: node types are named by it."""
    if model.key in _shipped() or model.type in get_catalogue().specs:
        raise problem_at(document, "key", f"There is a model {model.key} already.")
    if ModelEntry.objects.filter(pk=model.key).exists():
        raise problem_at(document, "key", f"Staff added a model {model.key} before.")


def _check_successor(model: ModelSpec, document: str) -> None:
    if model.replaced_by is not None and not _exists(model.replaced_by):
        raise problem_at(document, "replaced_by", f"There is no model {model.replaced_by}.")


def _exists(key: str) -> bool:
    return key in _shipped() or ModelEntry.objects.filter(pk=key).exists()


def _shipped() -> Mapping[str, ModelSpec]:
    return {model.key: model for model in shipped_models()}


def _broken_promises(entry: ModelEntry, model: ModelSpec) -> Iterator[tuple[str, str]]:
    """Yield, by place, what a new document takes from workflows that use the present one."""
    if model.key != entry.key:
        yield "key", f"The key stays {entry.key}; another key is another model."
        return
    try:
        old = read_model(entry.document)
    except ModelFileError:  # nobody can use it as it is
        return
    if model.task != old.task:
        yield "task", f"The task stays {old.task}; another task is another model."
        return
    kinds, before = _kinds(model), _kinds(old)
    for name, (kind, _) in before.items():
        if name not in kinds:
            yield "params", f"{name} is gone, which workflows may use."
        elif kinds[name][0] != kind:
            yield "params", f"{name} was of kind {kind}, and workflows may use it so."
    for name, (_, is_required) in kinds.items():
        if is_required and name not in before:
            yield "params", f"{name} is new and required, which workflows do not know."


def _kinds(model: ModelSpec) -> dict[str, tuple[str, bool]]:
    """Return what a model takes by name: the kind, and whether it is required."""
    ports = input_ports(TASKS[model.task], model)
    taken: dict[str, tuple[str, bool]] = {
        port.name: (str(port.kind), port.required) for port in ports
    }
    params = model.params_by_name
    return taken | {name: (param.kind, param.required) for name, param in params.items()}


def _retired(document: str, replaced_by: str) -> str:
    """Return a document with the status `retired`, and everything else as it was written."""
    lines, places = document.splitlines(), lines_of(document)
    added = ['status = "retired"']
    if replaced_by and ("replaced_by",) not in places:
        added.append(f'replaced_by = "{replaced_by}"')
    at = places.get(("status",))
    if at is None:
        at = places[("key",)]
        lines[at - 1 : at - 1] = added
    elif _STATUS.fullmatch(lines[at - 1]):
        lines[at - 1 : at] = added
    else:
        raise problem_at(document, "status", "Change the status by hand.")
    return "\n".join(lines) + "\n"


def _save_override(change: _Change, key: str, override: Override, reason: str) -> ModelOverride:
    decided = {**asdict(override), "providers": list(override.providers), "reason": reason}
    return ModelOverride.objects.update_or_create(pk=key, defaults={**decided, **change.stamp})[0]


def _facts(row: ModelOverride) -> dict[str, Any]:
    return {
        "isOff": row.is_off,
        "price": row.price,
        "providers": row.providers,
        "position": row.position,
        "reason": row.reason,
    }
