from django.db import migrations, models

from backend.text import fold


def fill(apps, _schema_editor):
    drives = apps.get_model("drives", "Drive").objects.select_related("venue", "unit")
    for drive in drives.iterator():
        words = (drive.name, drive.venue.name, drive.venue.address, drive.unit.name)
        drive.search_text = fold(" ".join(words))
        drive.save(update_fields=["search_text"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("drives", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="drive",
            name="search_text",
            field=models.CharField(db_default="", default="", editable=False, max_length=700),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
