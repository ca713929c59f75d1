"""Who gave up and was let in all the same holds no place: it may have been given on.

The expression of a generated column cannot be altered: the column is made anew.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registrations", "0002_is_demonstration")]

    operations = [
        migrations.RemoveIndex(model_name="registration", name="registration_places"),
        migrations.RemoveField(model_name="registration", name="holds_place"),
        migrations.AddField(
            model_name="registration",
            name="holds_place",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(
                            ("slot__isnull", False),
                            ("status__in", ["registered", "checked_in"]),
                            ("cancelled_at__isnull", True),
                        ),
                        then=models.Value(True),
                    ),
                    default=models.Value(False),
                ),
                output_field=models.BooleanField(),
            ),
        ),
        migrations.AddIndex(
            model_name="registration",
            index=models.Index(fields=["slot", "holds_place"], name="registration_places"),
        ),
    ]
