from django.db import migrations

from callcenter.core import roles


class Migration(migrations.Migration):
    """Managers edit rules, the others of the house look at them."""

    dependencies = [("ivr", "0007_rules")]
    operations = [migrations.RunPython(roles.install, migrations.RunPython.noop)]
