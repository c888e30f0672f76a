from django.db import migrations

from callcenter.core import roles


class Migration(migrations.Migration):
    """Managers may edit required skills and relaxation steps, the other roles may read them."""

    dependencies = [("queues", "0017_skills"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(roles.install, migrations.RunPython.noop)]
