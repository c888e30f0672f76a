from django.db import migrations

from callcenter.core import guard


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [
        migrations.RunSQL(guard.FUNCTION, "DROP FUNCTION refuse_illegal_transition()"),
        migrations.RunSQL(guard.APPEND_ONLY, "DROP TRIGGER append_only ON core_logentry; DROP FUNCTION refuse_change()"),
    ]
