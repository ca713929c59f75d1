"""What an organizer decided: conflicts that were looked at, late scans that are left out."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("checkin", "0003_station_names")]

    operations = [
        migrations.AddField(
            model_name="device",
            name="late_left_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="scan",
            name="conflict_seen_at",
            field=models.DateTimeField(null=True),
        ),
    ]
