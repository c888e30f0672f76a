"""Numbers as rows of a spreadsheet, both ways."""

from __future__ import annotations

from import_export import fields, widgets

from agents.models import Agent
from callcenter.core.sheets import Sheet
from queues.models import Queue

from .models import Flow, Number


class NumberResource(Sheet):
    """Queues by their slug, agents by their extension."""

    queue = fields.Field("queue", "queue", widgets.ForeignKeyWidget(Queue, "slug"))
    agent = fields.Field("agent", "agent", widgets.ForeignKeyWidget(Agent, "extension"))

    flow = fields.Field("flow", "flow", widgets.ForeignKeyWidget(Flow, "slug"))

    class Meta:
        model = Number
        import_id_fields = ["number"]
        clean_model_instances = True
        skip_unchanged = True
        fields = ("number", "label", "active", "public", "target", "queue", "agent", "flow", "priority")
