from typing import Any

from django.apps.registry import Apps
from django.db import migrations

from liuliang.accounts.permissions import ensure_built_in_roles


def forwards(apps: Apps, _schema_editor: Any) -> None:
    ensure_built_in_roles(apps.get_model("accounts", "Role"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_session")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
