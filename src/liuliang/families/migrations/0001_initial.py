import django.db.models.deletion
from django.db import migrations, models

import liuliang.people.models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ("accounts", "0003_built_in_roles"),
        ("people", "0009_circles"),
    ]

    operations = [
        migrations.CreateModel(
            name="Family",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(default=liuliang.people.models.new_public_id, max_length=24, unique=True)),
                ("name", models.CharField(max_length=60)),
                ("steady_days", models.PositiveSmallIntegerField(default=7)),
                ("created_at", models.DateTimeField()),
                ("dissolved_at", models.DateTimeField(null=True)),
                ("to_invite", models.PositiveIntegerField(default=0)),
                ("looked_at", models.DateTimeField(null=True)),
                ("created_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.staff")),
            ],
            options={
                "verbose_name_plural": "families",
                "constraints": [models.UniqueConstraint(condition=models.Q(("dissolved_at", None)), fields=("name",), name="families_family_name")],
            },
        ),
        migrations.CreateModel(
            name="Tier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=40)),
                ("rule", models.JSONField(default=dict)),
                ("invites", models.BooleanField(default=True)),
                ("invitation", models.TextField(blank=True, default="")),
                ("removed_at", models.DateTimeField(null=True)),
                ("family", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="tiers", to="families.family")),
            ],
        ),
        migrations.CreateModel(
            name="TierGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("community", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="tier_group", to="people.community")),
                ("tier", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="tier_groups", to="families.tier")),
            ],
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(default="invited", max_length=20)),
                ("invited_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("community", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.community")),
                ("family", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="invitations", to="families.family")),
                ("invited_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.staff")),
                ("member", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="family_invitations", to="people.member")),
                ("origin", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="people.community")),
                ("tier", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="invitations", to="families.tier")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["family", "-id"], name="families_invitation_family"),
                    models.Index(condition=models.Q(("state", "invited")), fields=["member"], name="families_invitation_open"),
                ],
                "constraints": [models.UniqueConstraint(condition=models.Q(("state", "invited")), fields=("family", "member"), name="families_invitation_once")],
            },
        ),
    ]
