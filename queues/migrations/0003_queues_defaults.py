from django.db import migrations

from queues import defaults


class Migration(migrations.Migration):
    dependencies = [("queues", "0002_guard")]
    operations = [migrations.RunPython(defaults.install, migrations.RunPython.noop)]
