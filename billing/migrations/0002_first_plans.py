"""The plans and packs that a new installation begins with; staff edit them from there on."""

from django.db import migrations

_COLUMNS = (
    "key", "name", "monthly_credits", "price_cents", "requests_per_minute",
    "executions_per_minute", "executions_per_day", "running_at_once", "retention_days", "seats",
)
_PLANS = (
    ("free", "Free", 1_000, 0, 10, 10, 50, 2, 7, 1),
    ("starter", "Starter", 10_000, 12_00, 30, 10, 200, 5, 30, 3),
    ("pro", "Pro", 50_000, 49_00, 60, 10, 1_000, 20, 90, 10),
    ("enterprise", "Enterprise", 0, None, 600, 10, None, 20, 365, None),
)
_PACKS = (5_000, 20_000, 100_000)  # at list price: 1,000 credits are one dollar


def add_plans(apps, schema_editor):
    Plan = apps.get_model("billing", "Plan")
    CreditPack = apps.get_model("billing", "CreditPack")
    for position, figures in enumerate(_PLANS):
        fields = dict(zip(_COLUMNS, figures, strict=True))
        Plan.objects.get_or_create(key=fields.pop("key"), defaults={**fields, "position": position})
    for position, credits in enumerate(_PACKS):
        CreditPack.objects.get_or_create(
            key=f"credits-{credits}",
            defaults={"credits": credits, "price_cents": credits // 10, "position": position},
        )


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_money")]

    operations = [migrations.RunPython(add_plans, migrations.RunPython.noop)]
