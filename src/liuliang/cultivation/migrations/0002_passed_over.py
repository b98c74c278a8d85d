import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cultivation", "0001_initial"), ("people", "0003_rare_events")]

    operations = [
        migrations.CreateModel(
            name="PassedOver",
            fields=[
                (
                    "tag",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="people.tag",
                    ),
                ),
            ],
            options={"verbose_name_plural": "passed over"},
        ),
    ]
