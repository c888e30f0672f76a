from django.db import migrations

from callcenter.core import roles


class Migration(migrations.Migration):
    """What the roles may do with direct calls. Here, because this app is the last: all models exist."""

    dependencies = [
        ("telephony", "0008_voicemail_roles"),
        ("queues", "0023_nobody_there_for_direct_calls"),
    ]
    operations = [migrations.RunPython(roles.install, migrations.RunPython.noop)]
