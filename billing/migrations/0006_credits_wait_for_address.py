"""The free credits of who signed up come with the verified address, once for each mailbox."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_stripe_leases")]

    operations = [
        migrations.AddField("account", "is_waiting", models.BooleanField(default=False)),
        migrations.CreateModel(
            name="GrantedMailbox",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("workspace_id", models.CharField(max_length=40)),
                ("granted_at", models.DateTimeField()),
            ],
        ),
    ]
