from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("segments", "0001_initial"),
    ]

    operations = [
        migrations.AddField(model_name="layering", name="people", field=models.IntegerField(default=0)),
        migrations.AddField(model_name="layering", name="here", field=models.IntegerField(default=0)),
        migrations.AddField(model_name="layering", name="gone", field=models.IntegerField(default=0)),
        migrations.AddField(model_name="layering", name="last_member", field=models.IntegerField(default=0)),
    ]
