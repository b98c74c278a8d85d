from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commerce", "0007_spent")]

    operations = [
        migrations.AddField("couponrun", "held", models.BinaryField(default=bytes)),
        migrations.AddField("couponrun", "held_size", models.IntegerField(default=0)),
    ]
