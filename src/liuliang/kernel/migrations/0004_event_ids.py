from django.db import migrations

# An entry of the ledger names the event that it goes back to by its id. Ids begin with the time at which they were made, so
# those of neighbouring rows are alike: the least and the greatest of every 32 pages find one, and cost an append nothing.
FORWARD = (
    "CREATE INDEX kernel_event_ids ON kernel_event USING brin (id) WITH (pages_per_range = 32, autosummarize = on)"
)


class Migration(migrations.Migration):
    dependencies = [("kernel", "0003_factkey")]
    operations = [migrations.RunSQL(FORWARD, "DROP INDEX kernel_event_ids")]
