"""Calls to the extension, edited on the agent's page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from agents.models import Agent
from callcenter.core import adminbase

from ..models import DirectCalls, VoicemailBox


class DirectCallsInline(adminbase.StackedInline):
    """One form, shown also while there is no row: saved as it is, it makes none, and the defaults go on."""

    model = DirectCalls
    autocomplete_fields = ("next_queue",)
    readonly_fields = ("own_box",)
    fields = (("unanswered", "own_box"), "next_queue", "message")
    verbose_name = verbose_name_plural = "calls to the extension"
    can_delete = False
    max_num = 1
    extra = 1
    tab = True
    hide_title = True

    def get_formset(self, request: HttpRequest, obj: Agent | None = None, **kwargs: Any) -> Any:
        self.agent = obj
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "message":
            field.widget.attrs["rows"] = 2
        return field

    @admin.display(description="Own voicemail box")
    def own_box(self, _: DirectCalls) -> SafeString | str:
        """With the way to make one; the form knows the agent also where there is no row yet."""
        if self.agent is None:
            return "Can be made once the agent is saved."
        box = VoicemailBox.objects.filter(agent=self.agent).first()
        if box is None:
            url = f"{reverse('admin:queues_voicemailbox_add')}?{urlencode({'agent': self.agent.pk, 'name': self.agent.name})}"
            return format_html('There is none. <a class="cc-link" href="{}">Make one</a>', url)
        url = reverse("admin:queues_voicemailbox_change", args=[box.pk])
        return format_html('<a class="cc-link" href="{}">{}</a>{}', url, box.name, "" if box.active else ", which is off")
