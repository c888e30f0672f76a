from django.db import migrations

from queues import periods


class Migration(migrations.Migration):
    dependencies = [("agents", "0005_admin_names"), ("queues", "0005_admin_help")]
    operations = [periods.INSTALL]
