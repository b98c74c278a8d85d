from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="LakeZone",
            fields=[
                ("community", models.IntegerField(primary_key=True, serialize=False)),
                ("timezone", models.CharField(max_length=64)),
                ("counted_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="LakeAlias",
            fields=[
                ("recorded", models.IntegerField(primary_key=True, serialize=False)),
                ("canonical", models.IntegerField()),
                ("is_erased", models.BooleanField(default=False)),
                ("changed_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name_plural": "lake aliases",
                "indexes": [
                    models.Index(
                        condition=models.Q(("settled_at", None)), fields=["recorded"], name="lake_alias_pending"
                    ),
                    models.Index(fields=["settled_at"], name="lake_alias_settled"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LakeBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("after_xid", models.BigIntegerField()),
                ("after_position", models.BigIntegerField()),
                ("upto_xid", models.BigIntegerField()),
                ("upto_position", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
                ("delivered_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name_plural": "lake batches",
                "indexes": [
                    models.Index(condition=models.Q(("delivered_at", None)), fields=["id"], name="lake_batch_waiting")
                ],
            },
        ),
        migrations.CreateModel(
            name="LakeFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("table", models.CharField(max_length=20)),
                ("path", models.CharField(max_length=200, unique=True)),
                ("level", models.SmallIntegerField(default=0)),
                ("period", models.DateTimeField()),
                ("rows", models.BigIntegerField()),
                ("bytes", models.BigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("retired_at", None)),
                        fields=["table", "period", "level"],
                        name="lake_file_live",
                    ),
                    models.Index(
                        condition=models.Q(("retired_at", None), _negated=True),
                        fields=["retired_at"],
                        name="lake_file_retired",
                    ),
                ],
            },
        ),
    ]
