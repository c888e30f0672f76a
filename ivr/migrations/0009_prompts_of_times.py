from django.db import migrations

from ivr.prompts import system


class Migration(migrations.Migration):
    """The prompts by which callers choose when they are called back."""

    dependencies = [
        ("ivr", "0008_rules_roles"),
    ]
    operations = [
        migrations.RunPython(system.install, migrations.RunPython.noop),
    ]
