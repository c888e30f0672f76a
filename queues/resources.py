"""Queues as rows of a spreadsheet, both ways."""

from __future__ import annotations

from import_export import fields, widgets

from callcenter.core.sheets import Sheet

from .models import Announcement, Queue, WayOut


class QueueResource(Sheet):
    """Settings of queues; members, announcements and ways out have sheets of their own."""

    helper = fields.Field("helper", "helper", widgets.ForeignKeyWidget(Queue, "slug"))

    class Meta:
        model = Queue
        import_id_fields = ["slug"]
        clean_model_instances = True
        skip_unchanged = True
        exclude = ("id", "rr_pointer", "dispositions")


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
