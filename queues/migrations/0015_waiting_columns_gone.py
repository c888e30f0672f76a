from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('queues', '0014_waiting_words'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='queue',
            name='queue_fallback_has_queue',
        ),
        migrations.RemoveConstraint(
            model_name='queue',
            name='queue_fallback_elsewhere',
        ),
        migrations.RemoveField(
            model_name='queue',
            name='announce_position',
        ),
        migrations.RemoveField(
            model_name='queue',
            name='comfort',
        ),
        migrations.RemoveField(
            model_name='queue',
            name='comfort_every',
        ),
        migrations.RemoveField(
            model_name='queue',
            name='fallback',
        ),
        migrations.RemoveField(
            model_name='queue',
            name='fallback_keeps_place',
        ),
        migrations.RemoveField(
            model_name='queue',
            name='fallback_message',
        ),
        migrations.RemoveField(
            model_name='queue',
            name='fallback_queue',
        ),
        migrations.RemoveField(
            model_name='queue',
            name='greeting',
        ),
        migrations.RemoveField(
            model_name='queue',
            name='music',
        ),
    ]
