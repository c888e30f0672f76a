"""Queues and closures as rows of a spreadsheet, both ways."""

from __future__ import annotations

from import_export import fields, widgets

from callcenter.core.sheets import Sheet

from .models import Closure, Queue, Schedule


class QueueResource(Sheet):
    """Settings of queues; members are given by the agents' memberships. A fallback queue must exist before it is named."""

    schedule = fields.Field("schedule", "schedule", widgets.ForeignKeyWidget(Schedule, "slug"))
    fallback_queue = fields.Field("fallback_queue", "fallback_queue", widgets.ForeignKeyWidget(Queue, "slug"))

    class Meta:
        model = Queue
        import_id_fields = ["slug"]
        clean_model_instances = True
        skip_unchanged = True
        exclude = ("id", "rr_pointer", "music", "dispositions")


class ClosureResource(Sheet):
    """Closures and extra openings. An empty schedule means all; without an id a row is a new one."""

    schedule = fields.Field("schedule", "schedule", widgets.ForeignKeyWidget(Schedule, "slug"))

    class Meta:
        model = Closure
        import_id_fields = ["id"]
        clean_model_instances = True
        skip_unchanged = True
        fields = ("id", "name", "kind", "schedule", "from_date", "from_time", "to_date", "to_time")
