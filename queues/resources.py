"""Queues as rows of a spreadsheet, both ways."""

from __future__ import annotations

from import_export import fields, widgets

from callcenter.core.sheets import Sheet

from .models import Queue, VoicemailBox


class QueueResource(Sheet):
    """Settings of queues; members are given by the agents' memberships. A fallback queue must exist before it is named."""

    fallback_queue = fields.Field("fallback_queue", "fallback_queue", widgets.ForeignKeyWidget(Queue, "slug"))

    voicemail_box = fields.Field("voicemail_box", "voicemail_box", widgets.ForeignKeyWidget(VoicemailBox, "slug"))

    class Meta:
        model = Queue
        import_id_fields = ["slug"]
        clean_model_instances = True
        skip_unchanged = True
        exclude = ("id", "rr_pointer", "music", "dispositions")
