from django.db import migrations

from ivr.prompts import system


class Migration(migrations.Migration):
    """What callers hear who are called back from the line, which was in English alone."""

    dependencies = [
        ("ivr", "0010_prompts_of_times"),
    ]
    operations = [
        migrations.RunPython(system.install, migrations.RunPython.noop),
    ]
