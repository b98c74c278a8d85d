from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0004_bot_index")]

    operations = [
        migrations.AddIndex(
            model_name="mergeproposal",
            index=models.Index(
                condition=models.Q(("decided_at__isnull", True)),
                fields=["-score", "id"],
                name="people_proposal_waiting",
            ),
        ),
    ]
