import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _staff() -> models.ForeignKey:
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
    )


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0005_honour")]

    operations = [
        migrations.CreateModel(
            name="Penalty",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step", models.CharField(max_length=20)),
                ("reason", models.CharField(max_length=300)),
                ("points", models.BigIntegerField(default=0)),
                ("until", models.DateTimeField(null=True)),
                ("state", models.CharField(default="standing", max_length=10)),
                ("at", models.DateTimeField()),
                ("appeal", models.CharField(blank=True, default="", max_length=1000)),
                ("appealed_at", models.DateTimeField(null=True)),
                ("answer", models.CharField(blank=True, default="", max_length=300)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "community",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="people.community",
                    ),
                ),
                ("decided_by", _staff()),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="penalties", to="people.member"
                    ),
                ),
                ("staff", _staff()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["member", "-at"], name="loyalty_penalty_member"),
                    models.Index(fields=["-at", "-id"], name="loyalty_penalty_at"),
                    models.Index(
                        condition=models.Q(("state", "appealed")), fields=["id"], name="loyalty_penalty_appealed"
                    ),
                ],
            },
        ),
    ]
