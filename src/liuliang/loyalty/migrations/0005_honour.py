import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _staff() -> models.ForeignKey:
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
    )


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0004_season"),
        ("people", "0003_rare_events"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Badge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("description", models.CharField(blank=True, default="", max_length=200)),
                ("icon", models.CharField(max_length=40)),
                ("rule", models.JSONField(default=dict)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                (
                    "community",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="people.community",
                    ),
                ),
                ("staff", _staff()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name", "community"), name="loyalty_badge_name", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Award",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "badge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="awards", to="loyalty.badge"
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="awards", to="people.member"
                    ),
                ),
                ("revoked_by", _staff()),
                ("staff", _staff()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("revoked_at", None)), fields=["-at", "-id"], name="loyalty_award_wall"
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("badge", "member"), name="loyalty_award_once")],
            },
        ),
    ]
