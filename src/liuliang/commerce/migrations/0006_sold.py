from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commerce", "0005_free_orders")]

    operations = [
        migrations.AddIndex(
            "order",
            models.Index(
                fields=["-at", "-id"],
                include=["member", "community", "status", "currency", "amount", "refunded"],
                name="commerce_order_sold",
            ),
        ),
        migrations.RemoveIndex("order", "commerce_order_at"),
    ]
