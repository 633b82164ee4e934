"""Tenant scope: who may touch rows at all, and which tables are a tenant's."""

import ast
from pathlib import Path

from django.apps import apps

from common.tenancy import TenantManager, TenantModel
from tests.rules.test_house import APPS, ROOT, list_modules

# Where rows are read and written; everything else goes through these.
ROW_MODULES = frozenset({"selectors", "services", "models", "admin", "dispatch"})
ROW_FOLDERS = frozenset({"management", "migrations"})
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


def test_every_table_with_a_workspace_fails_closed():
    ours = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    tenants = [
        model for model in ours if any(field.name == "workspace" for field in model._meta.fields)
    ]

    assert tenants
    for model in tenants:
        assert issubclass(model, TenantModel), model
        assert isinstance(model.objects, TenantManager), model
