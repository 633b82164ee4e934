"""Tenant scope: who may touch rows at all, and which tables are a tenant's."""

import ast
from pathlib import Path

import pytest
from django.apps import apps

from common.tenancy import TenantManager, TenantModel
from tests.rules.test_house import APPS, ROOT, list_modules

# Where rows are read and written; everything else goes through these.
ROW_MODULES = frozenset({"selectors", "services", "models", "admin", "dispatch"})
ROW_FOLDERS = frozenset({"management", "migrations"})
# Parts of Django and DRF that look rows up by an id of the client's.
READERS_OF_ROWS = frozenset(
    {
        "get_object_or_404",
        "get_list_or_404",
        "aget_object_or_404",
        "ModelSerializer",
        "HyperlinkedModelSerializer",
        "ModelViewSet",
        "ModelForm",
        "modelform_factory",
        "ModelChoiceField",
        "ModelMultipleChoiceField",
        "PrimaryKeyRelatedField",
        "SlugRelatedField",
        "ModelSchema",
    }
)
MANAGERS = frozenset({"objects", "unscoped", "_base_manager", "_default_manager"})


def touches_rows(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in MANAGERS
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )


def may_touch_rows(path: Path) -> bool:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return not ROW_FOLDERS.isdisjoint(parts) or not ROW_MODULES.isdisjoint(parts)


def test_rows_are_touched_by_selectors_and_services_alone():
    modules = [path for path in list_modules(*APPS, "pixelflow_site") if path.parts[-2] != "common"]

    assert [str(path) for path in modules if touches_rows(path) and not may_touch_rows(path)] == []


def test_the_rule_sees_a_manager(tmp_path):
    module = tmp_path / "views.py"
    module.write_text("rows = Workflow.objects.of(workspace_id)\n")

    assert touches_rows(module)


def names_a_queryset(path: Path) -> bool:
    """Say whether a module makes a field or view that reads rows by itself (TRUST.md T3)."""
    return any(
        (isinstance(node, ast.keyword) and node.arg == "queryset")
        or (isinstance(node, ast.Name | ast.Attribute) and name_of(node) in READERS_OF_ROWS)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )


def name_of(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def test_T3_no_field_and_no_view_reads_rows_without_a_workspace():
    modules = [
        path
        for path in list_modules(*APPS, "pixelflow_site")
        if ROW_FOLDERS.isdisjoint(path.parts) and "admin" not in path.with_suffix("").parts
    ]

    assert [str(path) for path in modules if names_a_queryset(path)] == []


@pytest.mark.parametrize(
    "line",
    [
        "flow = PrimaryKeyRelatedField(queryset=Workflow.unscoped.all())",
        "class Flow(ModelSerializer): ...",
        "class Flow(forms.ModelForm): ...",
        "flow = get_object_or_404(Workflow, pk=workflow_id)",
    ],
)
def test_T3_the_rule_sees_what_reads_rows(tmp_path, line):
    module = tmp_path / "schemas.py"
    module.write_text(line + "\n")

    assert names_a_queryset(module)


def test_every_table_with_a_workspace_fails_closed():
    ours = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    tenants = [
        model for model in ours if any(field.name == "workspace" for field in model._meta.fields)
    ]

    assert tenants
    for model in tenants:
        assert issubclass(model, TenantModel), model
        assert isinstance(model.objects, TenantManager), model
