from django.db import migrations

# Nine of ten events are messages. Readers that follow only others find theirs here, and need not look at every message.
FORWARD = "CREATE INDEX kernel_event_rare ON kernel_event (xid, position) WHERE kind <> 'message.sent'"


class Migration(migrations.Migration):
    dependencies = [("people", "0002_erased_index"), ("kernel", "0002_event")]
    operations = [migrations.RunSQL(FORWARD, "DROP INDEX kernel_event_rare")]
