import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ("accounts", "0003_built_in_roles"),
        ("people", "0003_rare_events"),
    ]

    operations = [
        migrations.CreateModel(
            name="Criteria",
            fields=[
                ("kind", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("minimums", models.JSONField(default=dict)),
                ("changed_at", models.DateTimeField()),
                ("changed_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.staff")),
            ],
            options={"verbose_name_plural": "criteria"},
        ),
        migrations.CreateModel(
            name="Candidacy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("state", models.CharField(max_length=20)),
                ("evidence", models.JSONField(default=dict)),
                ("added_at", models.DateTimeField()),
                ("since", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("added_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.staff")),
                ("member", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="candidacies", to="people.member")),
            ],
            options={
                "verbose_name_plural": "candidacies",
                "indexes": [models.Index(fields=["kind", "state", "-since", "-id"], name="cultivation_candidacy_pool")],
                "constraints": [models.UniqueConstraint(fields=("member", "kind"), name="cultivation_candidacy_once")],
            },
        ),
    ]
