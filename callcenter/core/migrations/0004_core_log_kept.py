from django.db import migrations

from callcenter.core import guard


class Migration(migrations.Migration):
    dependencies = [("core", "0003_core_heartbeat")]
    operations = [migrations.RunSQL(guard.KEEP, guard.CHANGE_ONLY)]
