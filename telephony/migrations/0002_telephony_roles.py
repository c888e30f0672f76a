from django.db import migrations

from callcenter.core import roles


class Migration(migrations.Migration):
    """The groups and their permissions. Here, because this app is the last: all models exist."""

    dependencies = [
        ("telephony", "0001_initial"),
        ("ivr", "0001_initial"),
        ("core", "0002_guards"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("auditlog", "0017_add_actor_email"),
    ]
    operations = [migrations.RunPython(roles.install, migrations.RunPython.noop)]
