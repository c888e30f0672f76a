from django.db import migrations

from callcenter.core import roles


class Migration(migrations.Migration):
    """Managers edit flows, the others of the house look at them."""

    dependencies = [("ivr", "0003_connections")]
    operations = [migrations.RunPython(roles.install, migrations.RunPython.noop)]
