from django.db import migrations


def leave_at_once(apps, schema_editor):
    """The queue of direct calls as it came with the product waited for one agent who is on a break or talks as if for a team."""
    untouched = {"absent_paused": False, "absent_unreachable": False, "absent_busy": False, "max_wait_no_agent": 5}
    apps.get_model("queues", "Queue").objects.filter(slug="direct", **untouched).update(
        absent_paused=True, absent_unreachable=True, absent_busy=True
    )


class Migration(migrations.Migration):
    """Callers of an agent who is busy, on a break or out of reach are led on after five seconds, not after 45."""

    dependencies = [("queues", "0022_direct_calls")]
    operations = [migrations.RunPython(leave_at_once, migrations.RunPython.noop)]
