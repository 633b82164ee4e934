"""The staff's pages of models: documents, the form, overrides, the margin, the list."""

import html

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from tests.workflows.model_documents import STAFF, document, line_of
from workflows.catalogue.model_files import read_model
from workflows.models import CatalogueState, ModelEntry, ModelOverride
from workflows.services.models import add_model

KEY = "house-painter"
ENTRY = "admin:workflows_modelentry"
OVERRIDE = "admin:workflows_modeloverride"
MARGIN = "admin:workflows_cataloguestate"
NO_ROWS = {
    "params-TOTAL_FORMS": "12",
    "params-INITIAL_FORMS": "0",
    "params-MIN_NUM_FORMS": "0",
    "params-MAX_NUM_FORMS": "40",
}
NEW = {
    "key": "shed-painter",
    "name": 'Shed "Painter"',
    "vendor": "The House",
    "task": "text-to-image",
    "description": "Pictures of sheds, from words.",
    "license": "proprietary",
    "provider": "fal",
    "provider_model": "fal-ai/shed-painter",
    "price": "30 * count",
    "expected_s": "12.5",
    **NO_ROWS,
    "params-0-use": "prompt",
    "params-1-use": "count",
    "params-1-default": "2",
    "params-1-maximum": "4",
    "params-2-use": "quality",
    "params-2-choices": "low, high",
    "params-2-default": "high",
    "params-3-use": "generate_audio",
    "params-3-default": "False",
}


@pytest.fixture
def staff(staff_catalogue) -> Client:
    """A signed-in superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "correct horse battery"))
    return client


@pytest.fixture
def added(staff) -> str:
    return add_model(actor=STAFF, document=document())


def post(client: Client, page: str, *args: object, **fields: str):
    return client.post(reverse(page, args=args), fields)


def shown(response) -> str:
    return html.unescape(response.content.decode())


def test_staff_add_a_model_by_pasting_its_document(staff, staff_catalogue) -> None:
    response = post(staff, f"{ENTRY}_add", document=document().replace("\n", "\r\n"))

    assert response.status_code == 302
    assert staff_catalogue().models[KEY].name == "House Painter"
    assert AuditEntry.objects.get(object_type="model").actor.startswith("staff:usr_")


def test_a_bad_document_comes_back_with_all_its_problems_and_their_lines(staff) -> None:
    text = document(('"replicate"', '"replicat"'), ('"40 * count"', '"40 * coumt"'))

    page = shown(post(staff, f"{ENTRY}_add", document=text))

    price, route = line_of(text, "coumt"), line_of(text, "replicat")
    assert f"line {price}, price.credits: character 6" in page
    assert (
        f'line {route}, routes.1.provider: There is no provider replicat. — provider = "r' in page
    )
    assert not ModelEntry.objects.exists()


def test_a_shipped_key_is_refused_at_its_line(staff, staff_catalogue) -> None:
    shipped = min(staff_catalogue().models)

    page = shown(post(staff, f"{ENTRY}_add", document=document(key=shipped)))

    assert f"line 1, key: There is a model {shipped} already." in page


def test_a_document_is_changed_and_promises_are_kept(staff, added, staff_catalogue) -> None:
    good = document(("House Painter", "Better Painter"))
    bad = document(('[[params]]\nuse = "seed"', ""), ('param = "seed"', 'param = "count"'))

    assert post(staff, f"{ENTRY}_change", KEY, document=good).status_code == 302
    page = shown(post(staff, f"{ENTRY}_change", KEY, document=bad))

    assert staff_catalogue().models[KEY].name == "Better Painter"
    assert "seed is gone, which workflows may use." in page


def test_staff_add_a_model_by_a_form_that_writes_its_document(staff, staff_catalogue) -> None:
    response = post(staff, f"{ENTRY}_form", **NEW)

    assert response.status_code == 302, shown(response)
    model = read_model(ModelEntry.objects.get().document)
    count, quality = model.params_by_name["count"], model.params_by_name["quality"]
    assert (model.name, model.expected_s) == ('Shed "Painter"', 12.5)
    assert (count.default, count.minimum, count.maximum) == (2, 1, 4)
    assert (quality.choices, quality.default) == (("low", "high"), "high")
    assert model.params_by_name["generate_audio"].default is False
    assert model.routes[0].model == "fal-ai/shed-painter"
    assert staff_catalogue().specs["model.shed-painter"].as_json()["price"]["maxCredits"] == 120


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (
            "price",
            "30 * coumt",
            "price.credits: character 6: There is no parameter or input coumt.",
        ),
        ("params-1-maximum", "many", "params.1"),
        ("params-1-default", "9", "its default is wrong"),
        ("task", "chat-about-it", "chat-about-it is not one of the available choices"),
        ("key", "Shed Painter", "key: String should match pattern"),
        ("vendor", "", "This field is required."),
    ],
)
def test_what_the_form_makes_no_model_of_is_told(staff, field, value, said) -> None:
    page = shown(post(staff, f"{ENTRY}_form", **{**NEW, field: value}))

    assert said in page
    assert not ModelEntry.objects.exists()


def test_staff_retire_a_model_with_its_successor(staff, added, staff_catalogue) -> None:
    add_model(actor=STAFF, document=document(key="newer"))
    form = {"action": "retire", "_selected_action": [KEY], "replaced_by": "newer"}

    staff.post(reverse(f"{ENTRY}_changelist"), form)

    assert staff_catalogue().models[KEY].replaced_by == "newer"


def test_the_list_of_documents_tells_what_does_not_fit(staff, added) -> None:
    ModelEntry.objects.update(document=document(("text-to-image", "a-task-of-old")))
    CatalogueState.objects.update(revision=99)

    page = shown(staff.get(reverse(f"{ENTRY}_changelist")))

    assert "line 4, task: There is no task a-task-of-old." in page
    assert "line 4, task" in shown(staff.get(reverse("staff-models")))


def test_staff_override_a_shipped_model(staff, staff_catalogue) -> None:
    shipped = min(key for key, model in staff_catalogue().models.items() if model.routes)
    provider = staff_catalogue().models[shipped].routes[0].provider
    fields = {"price": "17", "providers": f" {provider} ", "position": "-2", "reason": "dearer"}

    response = post(staff, f"{OVERRIDE}_add", key=shipped, is_off="on", **fields)

    assert response.status_code == 302, shown(response)
    spec = staff_catalogue().specs[f"model.{shipped}"]
    assert (spec.is_off, spec.position, spec.meta.price) == (True, -2, "17")
    assert staff_catalogue().models[shipped].routes[0].provider == provider
    assert provider in shown(staff.get(reverse(f"{OVERRIDE}_change", args=[shipped])))
    post(staff, f"{OVERRIDE}_change", shipped, price="", providers="", position="", reason="")
    assert not ModelOverride.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("price", "4 * steps", "There is no parameter or input steps."),
        ("providers", "kling", "There is no route by kling."),
        ("position", "99999999", "At most 1000000."),
        ("key", "nobody", "There is no such model."),
    ],
)
def test_an_override_that_does_not_fit_comes_back(staff, added, field, value, said) -> None:
    page = shown(post(staff, f"{OVERRIDE}_add", **{"key": KEY, "reason": "", field: value}))

    assert said in page
    assert not ModelOverride.objects.exists()


def test_staff_set_the_margin(staff, added, staff_catalogue) -> None:
    state = CatalogueState.objects.get()

    response = post(staff, f"{MARGIN}_change", state.pk, margin_percent="12.5")
    refused = post(staff, f"{MARGIN}_change", state.pk, margin_percent="-1")

    assert (response.status_code, refused.status_code) == (302, 200)
    assert staff_catalogue().specs[f"model.{KEY}"].meta.price == "(40 * count) * 1.125"


def test_the_first_change_of_all_may_be_the_margin(staff, staff_catalogue) -> None:
    assert post(staff, f"{MARGIN}_add", margin_percent="5").status_code == 302

    assert staff_catalogue.state().work.margin_percent == 5
    assert staff.get(reverse(f"{MARGIN}_add")).status_code == 403


def test_all_models_are_listed_and_found(staff, added, staff_catalogue, settings) -> None:
    settings.PROVIDER_ACCOUNTS = {"fal": {"key": "k", "secret": "", "base_url": ""}}
    page = reverse("staff-models")

    everything = shown(staff.get(page))
    ours = shown(staff.get(page, {"origin": "added", "q": "house"}))
    usable = shown(staff.get(page, {"state": "available", "vendor": "The House"}))
    other = shown(staff.get(page, {"task": "chat", "q": "house-painter"}))

    assert f"{len(staff_catalogue().models)} models" in everything
    assert "1 model<" in ours
    assert reverse(f"{ENTRY}_change", args=[KEY]) in ours
    assert f"{reverse(f'{OVERRIDE}_add')}?key={KEY}" in ours
    assert f"<code>{KEY}</code>" in usable
    assert "0 models" in other


@pytest.mark.parametrize(
    ("permission", "page", "status"),
    [
        ("view_modelentry", "staff-models", 200),
        ("view_modelentry", f"{ENTRY}_form", 403),
        ("view_modelentry", f"{ENTRY}_add", 403),
        ("add_modelentry", f"{ENTRY}_form", 200),
        ("add_modelentry", "staff-models", 403),
        ("view_modeloverride", f"{OVERRIDE}_add", 403),
        ("view_cataloguestate", f"{MARGIN}_add", 403),
    ],
)
def test_staff_see_and_change_what_their_rights_allow(
    staff_catalogue, permission, page, status
) -> None:
    user = User.objects.create_user("aide@example.com", "correct horse battery", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename=permission))
    client = Client()
    client.force_login(user)

    assert client.get(reverse(page)).status_code == status
    assert client.post(reverse(page), {}).status_code in (200, 403, 405)
    assert not ModelEntry.objects.exists()
