from django.db import migrations, models

# Files of before name the kinds of the log; they are read by the same numbers.
NUMBER_THE_LOG = """
INSERT INTO lake_lakekind (number, name)
SELECT row_number() OVER (ORDER BY kind), kind FROM (SELECT DISTINCT kind FROM kernel_event) known
"""


class Migration(migrations.Migration):
    dependencies = [
        ("lake", "0001_initial"),
        ("kernel", "0003_factkey"),
    ]

    operations = [
        migrations.CreateModel(
            name="LakeKind",
            fields=[
                ("number", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100, unique=True)),
            ],
        ),
        migrations.RunSQL(NUMBER_THE_LOG, migrations.RunSQL.noop),
    ]
