"""Whoever waited and is let in at the desk can go back to the line when that is undone."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("drives", "0003_drop_last_queue_number"),
        ("registrations", "0003_places_of_the_cancelled"),
    ]

    operations = [
        migrations.AddField(
            model_name="registration",
            name="waited_in",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="drives.slot",
            ),
        ),
    ]
