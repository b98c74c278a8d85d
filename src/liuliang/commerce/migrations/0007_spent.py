from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    dependencies = [("commerce", "0006_sold")]

    operations = [
        migrations.AddIndex(
            "buyer",
            models.Index((F("paid") - F("refunded")).desc(), F("member").desc(), name="commerce_buyer_spent"),
        ),
        migrations.RemoveIndex("buyer", "commerce_buyer_paid"),
    ]
