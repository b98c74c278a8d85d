from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("partners", "0002_materials_training_ranking")]

    operations = [
        migrations.AddField("commission", "replaced_at", models.DateTimeField(null=True)),
        migrations.RemoveConstraint("commission", "partners_commission_once"),
        migrations.AddConstraint(
            "commission",
            models.UniqueConstraint(
                fields=["order", "level"], condition=Q(replaced_at=None), name="partners_commission_once"
            ),
        ),
        migrations.RemoveIndex("commission", "partners_commission_waiting"),
        migrations.AddIndex(
            "commission",
            models.Index(
                fields=["release_at", "id"],
                condition=Q(released_at=None, replaced_at=None),
                name="partners_commission_waiting",
            ),
        ),
    ]
