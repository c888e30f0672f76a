from django.db import migrations

from callcenter.core import guard

PAIRS = [('active', 'ended'),
 ('active', 'wrap_up'),
 ('agent_ringing', 'active'),
 ('agent_ringing', 'ended'),
 ('agent_ringing', 'queued'),
 ('ivr', 'ended'),
 ('ivr', 'queued'),
 ('new', 'ended'),
 ('new', 'ivr'),
 ('new', 'queued'),
 ('queued', 'agent_ringing'),
 ('queued', 'ended'),
 ('queued', 'ivr'),
 ('wrap_up', 'ended')]


class Migration(migrations.Migration):
    dependencies = [("core", "0002_guards"), ("queues", "0001_initial")]
    operations = [guard.install("queues_call", PAIRS)]
