"""Queues and closures as rows of a spreadsheet, both ways."""

from __future__ import annotations

from import_export import fields, widgets

from callcenter.core.sheets import Sheet

from .models import Announcement, Closure, Queue, Schedule, WayOut


class QueueResource(Sheet):
    """Settings of queues; members, announcements and ways out have sheets of their own."""

    schedule = fields.Field("schedule", "schedule", widgets.ForeignKeyWidget(Schedule, "slug"))
    helper = fields.Field("helper", "helper", widgets.ForeignKeyWidget(Queue, "slug"))

    class Meta:
        model = Queue
        import_id_fields = ["slug"]
        clean_model_instances = True
        skip_unchanged = True
        exclude = ("id", "rr_pointer", "requirement", "dispositions")


class AnnouncementResource(Sheet):
    queue = fields.Field("queue", "queue", widgets.ForeignKeyWidget(Queue, "slug"))

    class Meta:
        model = Announcement
        clean_model_instances = True
        skip_unchanged = True


class WayOutResource(Sheet):
    """Both queues must exist before they are named."""

    queue = fields.Field("queue", "queue", widgets.ForeignKeyWidget(Queue, "slug"))
    next_queue = fields.Field("next_queue", "next_queue", widgets.ForeignKeyWidget(Queue, "slug"))

    class Meta:
        model = WayOut
        clean_model_instances = True
        skip_unchanged = True


class ClosureResource(Sheet):
    """Closures and extra openings. An empty schedule means all; without an id a row is a new one."""

    schedule = fields.Field("schedule", "schedule", widgets.ForeignKeyWidget(Schedule, "slug"))

    class Meta:
        model = Closure
        import_id_fields = ["id"]
        clean_model_instances = True
        skip_unchanged = True
        fields = ("id", "name", "kind", "schedule", "from_date", "from_time", "to_date", "to_time")
