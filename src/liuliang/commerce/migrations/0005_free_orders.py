from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commerce", "0004_plans")]

    operations = [
        migrations.RemoveConstraint("orderrefund", "commerce_orderrefund_amount"),
        migrations.AddConstraint(
            "orderrefund",
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="commerce_orderrefund_amount"),
        ),
    ]
