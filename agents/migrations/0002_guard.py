from django.db import migrations

from callcenter.core import guard

PAIRS = [('available', 'break'),
 ('available', 'offline'),
 ('available', 'ringing'),
 ('break', 'available'),
 ('break', 'offline'),
 ('offline', 'available'),
 ('on_call', 'available'),
 ('on_call', 'ringing'),
 ('on_call', 'wrap_up'),
 ('ringing', 'available'),
 ('ringing', 'on_call'),
 ('wrap_up', 'available')]


class Migration(migrations.Migration):
    dependencies = [("core", "0002_guards"), ("agents", "0001_initial")]
    operations = [guard.install("agents_agent", PAIRS)]
