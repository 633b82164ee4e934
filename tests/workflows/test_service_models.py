"""What staff do to the catalogue: checked, counted by the revision, audited."""

from decimal import Decimal

import pytest

from accounts.api import PLATFORM, SYSTEM_ACTOR, Actor, RoleTooLow
from accounts.models import AuditEntry
from common.errors import InvalidInputs, NotFound
from tests.workflows.model_documents import STAFF, document, line_of
from workflows.catalogue.model_files import ModelFileError, read_model
from workflows.catalogue.overrides import NO_OVERRIDE, Override
from workflows.models import CatalogueState, ModelEntry, ModelOverride
from workflows.services.models import (
    add_model,
    change_model,
    override_model,
    retire_model,
    set_margin,
)

KEY = "house-painter"

pytestmark = pytest.mark.usefixtures("staff_catalogue")


@pytest.fixture
def added() -> str:
    return add_model(actor=STAFF, document=document())


def revision() -> int:
    row = CatalogueState.objects.first()
    return 0 if row is None else row.revision


def refusal_of(call, **arguments) -> ModelFileError:
    before = revision(), list(ModelEntry.objects.values())
    with pytest.raises(ModelFileError) as caught:
        call(actor=STAFF, **arguments)
    assert (revision(), list(ModelEntry.objects.values())) == before
    return caught.value


def test_a_model_is_added_counted_and_audited(staff_catalogue) -> None:
    before = revision()

    assert add_model(actor=STAFF, document=document()) == KEY

    entry = AuditEntry.objects.latest("id")
    assert revision() == before + 1
    assert staff_catalogue().models[KEY].name == "House Painter"
    assert (entry.actor, entry.verb, entry.object_type, entry.object_id) == (
        "staff:1", "create", "model", KEY,
    )  # fmt: skip
    assert entry.workspace_id == PLATFORM


def test_a_bad_document_is_refused_with_its_line_and_changes_nothing() -> None:
    text = document(('provider = "replicate"', 'provider = "replicat"'))

    error = refusal_of(add_model, document=text)

    assert error.line == line_of(text, "replicat")


def test_a_shipped_key_and_one_that_is_there_are_refused_at_the_key(added, staff_catalogue) -> None:
    shipped = min(staff_catalogue().models.keys() - {KEY})

    assert "already" in str(refusal_of(add_model, document=document(key=shipped)))
    assert refusal_of(add_model, document=document()).line == 1


def test_only_staff_and_the_system_change_the_catalogue(added) -> None:
    for actor in (Actor("user", "usr_1"), Actor("key", "key_1")):
        with pytest.raises(RoleTooLow):
            add_model(actor=actor, document=document(key="other"))
        with pytest.raises(RoleTooLow):
            change_model(actor=actor, key=KEY, document=document())
        with pytest.raises(RoleTooLow):
            retire_model(actor=actor, key=KEY)
        with pytest.raises(RoleTooLow):
            override_model(actor=actor, key=KEY, override=Override(is_off=True))
        with pytest.raises(RoleTooLow):
            set_margin(actor=actor, percent=Decimal(1))
    assert add_model(actor=SYSTEM_ACTOR, document=document(key="other")) == "other"


def test_a_model_is_changed(added, staff_catalogue) -> None:
    text = document(("House Painter", "House Painter 2"), ("maximum = 8", "maximum = 10"))

    change_model(actor=STAFF, key=KEY, document=text)

    assert staff_catalogue().models[KEY].name == "House Painter 2"
    assert ModelEntry.objects.get().document == text


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (('"house-painter"', '"house-painter-2"'), "key ="),
        (("text-to-image", "text-to-video"), "task ="),
        (
            ('use = "count"\nmaximum = 8', 'name = "count"\nkind = "text"\ntitle = "x"'),
            "[[params]]",
        ),
        (('[[params]]\nuse = "seed"', '[[params]]\nuse = "steps"'), "[[params]]"),
        (('use = "seed"', 'use = "seed"\n[[params]]\nuse = "text"'), "[[params]]"),
    ],
    ids=["another key", "another task", "another kind", "a parameter gone", "a new required one"],
)
def test_what_workflows_use_of_a_model_is_not_taken_away(added, change, part) -> None:
    changes = [change]
    if "count" in change[0]:
        changes += [('"40 * count"', '"40"')]
    if "steps" in change[1]:
        changes += [('param = "seed"', 'param = "steps"')]
    text = document(*changes)

    error = refusal_of(change_model, key=KEY, document=text)

    assert error.line == line_of(text, part)


def test_a_model_that_staff_did_not_add_is_neither_changed_nor_retired(staff_catalogue) -> None:
    shipped = min(staff_catalogue().models)

    with pytest.raises(NotFound):
        change_model(actor=STAFF, key=shipped, document=document(key=shipped))
    with pytest.raises(NotFound):
        retire_model(actor=STAFF, key=shipped)


def test_a_retired_model_stays_with_its_successor(added, staff_catalogue) -> None:
    add_model(actor=STAFF, document=document(key="newer"))

    retire_model(actor=STAFF, key=KEY, replaced_by="newer")

    model = staff_catalogue().models[KEY]
    assert (model.status, model.replaced_by) == ("retired", "newer")
    assert AuditEntry.objects.latest("id").verb == "retire"


@pytest.mark.parametrize("status", ['status = "beta" # as yet', "  status='active'", ""])
def test_retiring_leaves_the_rest_of_a_document_as_it_was_written(status) -> None:
    text = f"# ours\n{status}\n" + document() + "# end\n"
    add_model(actor=STAFF, document=text)

    retire_model(actor=STAFF, key=KEY)

    written = ModelEntry.objects.get().document
    assert read_model(written).is_retired
    assert set(text.splitlines()) - set(written.splitlines()) <= {status}


def test_a_status_that_is_written_in_an_odd_way_is_left_to_a_person() -> None:
    add_model(actor=STAFF, document='status = """active"""\n' + document())

    assert "by hand" in str(refusal_of(retire_model, key=KEY))


@pytest.mark.parametrize("successor", [KEY, "nobody"])
def test_a_successor_is_another_model_that_there_is(added, successor) -> None:
    with pytest.raises(InvalidInputs):
        retire_model(actor=STAFF, key=KEY, replaced_by=successor)

    text = document(("expected_s = 10", 'expected_s = 10\nreplaced_by = "nobody"'), key="other")
    assert refusal_of(add_model, document=text).line == line_of(text, "replaced_by")


# --- overrides and the margin


def test_an_override_is_kept_audited_and_taken_back(added, staff_catalogue) -> None:
    override = Override(True, "7 * count", ("replicate",), -3)

    override_model(actor=STAFF, key=KEY, override=override, reason="dearer now")

    spec, entry = staff_catalogue().specs[f"model.{KEY}"], AuditEntry.objects.latest("id")
    assert (spec.is_off, spec.position, spec.meta.price) == (True, -3, "7 * count")
    assert (entry.before, entry.after["price"], entry.after["reason"]) == (
        None, "7 * count", "dearer now",
    )  # fmt: skip
    override_model(actor=STAFF, key=KEY, override=NO_OVERRIDE)
    assert not ModelOverride.objects.exists()
    assert AuditEntry.objects.latest("id").before["price"] == "7 * count"
    assert staff_catalogue().specs[f"model.{KEY}"].is_off is False


def test_shipped_models_are_overridden_too(staff_catalogue) -> None:
    shipped = min(staff_catalogue().models)

    override_model(actor=STAFF, key=shipped, override=Override(is_off=True))

    assert staff_catalogue().specs[f"model.{shipped}"].is_off


@pytest.mark.parametrize(
    ("override", "path"),
    [
        (Override(price="4 * steps"), "/price"),
        (Override(price="4 *"), "/price"),
        (Override(providers=("kling",)), "/providers"),
        (Override(position=10**9), "/position"),
    ],
)
def test_an_override_that_does_not_fit_is_refused(added, override, path) -> None:
    before = revision()

    with pytest.raises(InvalidInputs) as caught:
        override_model(actor=STAFF, key=KEY, override=override)

    assert [issue.path for issue in caught.value.issues] == [path]
    assert revision() == before


def test_nothing_is_decided_about_a_model_that_there_is_not() -> None:
    with pytest.raises(NotFound):
        override_model(actor=STAFF, key="nobody", override=Override(is_off=True))


def test_the_margin_is_on_every_models_price(added, staff_catalogue) -> None:
    set_margin(actor=STAFF, percent=Decimal("12.5"))

    entry = AuditEntry.objects.latest("id")
    assert staff_catalogue().specs[f"model.{KEY}"].meta.price == "(40 * count) * 1.125"
    assert (entry.object_id, entry.before, entry.after) == ("margin", "0.00", "12.5")


@pytest.mark.parametrize("percent", ["-0.01", "1000.01", "1.001", "NaN", "Infinity"])
def test_a_margin_that_is_none_is_refused(percent) -> None:
    with pytest.raises(InvalidInputs):
        set_margin(actor=STAFF, percent=Decimal(percent))
