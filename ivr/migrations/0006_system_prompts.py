from django.db import migrations

from callcenter.core import roles
from ivr.prompts import system


class Migration(migrations.Migration):
    """The prompts that come with the product, and the roles' permissions for the new models."""

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("ivr", "0005_prompts"),
    ]
    operations = [
        migrations.RunPython(system.install, migrations.RunPython.noop),
        migrations.RunPython(roles.install, migrations.RunPython.noop),
    ]
