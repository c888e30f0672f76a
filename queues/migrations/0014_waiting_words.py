"""What callers hear, the music and the ways out move from columns of the queue into rows of their own; nothing is lost."""

from django.db import migrations

from callcenter.core import roles


def into_rows(apps, schema_editor):
    for queue in apps.get_model("queues", "Queue").objects.order_by("pk"):
        _announcements(apps.get_model("queues", "Announcement"), queue)
        if queue.music:
            apps.get_model("queues", "Music").objects.create(queue=queue, file=queue.music.name)
        apps.get_model("queues", "WayOut").objects.create(
            queue=queue, when="otherwise", kind="queue" if queue.fallback == "queue" else "hang_up", next_queue=queue.fallback_queue
            if queue.fallback == "queue" else None, keeps_place=queue.fallback_keeps_place, message=queue.fallback_message,
        )


def _announcements(Announcement, queue):
    """The greeting, then the comfort and with it the place, again and again; words that were never said stay, switched off."""
    every = queue.comfort_every
    if queue.greeting.strip():
        Announcement.objects.create(queue=queue, kind="greeting", text=queue.greeting, position=0)
    if queue.comfort.strip():
        Announcement.objects.create(
            queue=queue, kind="message", text=queue.comfort, first_after=every, every=every, position=1, active=every > 0
        )
    if queue.announce_position:
        Announcement.objects.create(queue=queue, kind="position", every=every, position=2)


def into_columns(apps, schema_editor):
    """As far as columns can tell: the first of each kind."""
    for queue in apps.get_model("queues", "Queue").objects.order_by("pk"):
        said = {row.kind: row for row in apps.get_model("queues", "Announcement").objects.filter(queue=queue, active=True).order_by("-position", "-pk")}
        place, comfort = said.get("position"), said.get("message")
        queue.greeting = said["greeting"].text if "greeting" in said else ""
        queue.comfort = comfort.text if comfort else ""
        queue.comfort_every = (comfort or place).every if comfort or place else 45
        queue.announce_position = place is not None
        music = apps.get_model("queues", "Music").objects.filter(queue=queue).order_by("position", "pk").first()
        queue.music = music.file.name if music else ""
        way = apps.get_model("queues", "WayOut").objects.filter(queue=queue, when="otherwise").order_by("position", "pk").first()
        if way:
            queue.fallback = "queue" if way.kind == "queue" else "hang-up"
            queue.fallback_queue, queue.fallback_keeps_place, queue.fallback_message = way.next_queue, way.keeps_place, way.message
        queue.save()
    for name in ("Announcement", "Music", "WayOut"):
        apps.get_model("queues", name).objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("queues", "0013_waiting_rows")]
    operations = [
        migrations.RunPython(into_rows, into_columns),
        migrations.RunPython(roles.install, migrations.RunPython.noop),
    ]
