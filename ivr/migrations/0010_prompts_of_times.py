from django.db import migrations

from ivr.prompts import system


class Migration(migrations.Migration):
    """The prompts by which callers choose when they are called back."""

    dependencies = [
        ("ivr", "0009_voicemail_prompts"),
    ]
    operations = [
        migrations.RunPython(system.install, migrations.RunPython.noop),
    ]
