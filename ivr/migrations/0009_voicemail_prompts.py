from django.db import migrations

from ivr.prompts import system


def install(apps, schema_editor):
    system.install(apps)
    system.install_languages(apps, ("fr", "es"))


class Migration(migrations.Migration):
    """What callers of voicemail boxes hear becomes prompts, in French and Spanish too."""

    dependencies = [("ivr", "0008_rules_roles")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
