from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_event")]
    operations = [
        migrations.CreateModel(
            name="FactKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("value", models.BinaryField(max_length=32)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="kernel_factkey_single_row")
                ],
            },
        ),
    ]
