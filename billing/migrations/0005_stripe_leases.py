"""One worker at a time applies what happened to a customer of Stripe."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_opening_balances")]

    operations = [
        migrations.AddField("stripecustomer", "lease", models.CharField(default="", editable=False, max_length=40)),
        migrations.AddField("stripecustomer", "leased_until", models.DateTimeField(editable=False, null=True)),
    ]
