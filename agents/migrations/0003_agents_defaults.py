from django.db import migrations

from agents import defaults


class Migration(migrations.Migration):
    dependencies = [("agents", "0002_guard")]
    operations = [migrations.RunPython(defaults.install, migrations.RunPython.noop)]
