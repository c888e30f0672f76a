from django.db import migrations

from callcenter.core import roles


class Migration(migrations.Migration):
    """What the roles may do with voicemail. Here, because this app is the last: all models exist."""

    dependencies = [
        ("telephony", "0007_leg_outside"),
        ("queues", "0021_voicemail"),
        ("ivr", "0006_system_prompts"),
    ]
    operations = [migrations.RunPython(roles.install, migrations.RunPython.noop)]
