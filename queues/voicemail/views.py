"""The sound of a message, for players in the page, and where a message is shown."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from agents.models import Agent
from callcenter.core.ranges import file_response
from queues import services

from . import files
from .access import actor_of, message_for


@login_required
@require_safe
def message_page(request: HttpRequest, message_id: int) -> HttpResponse:
    """Where mails lead: to the message in the agent's panel, or in the administration."""
    assert isinstance(request.user, User)
    if Agent.objects.filter(user=request.user, active=True).exists():
        return redirect(f"{reverse('panel')}#message-{message_id}")
    return redirect("admin:queues_voicemailmessage_change", message_id)


@login_required
@require_safe
def message_audio(request: HttpRequest, message_id: int) -> HttpResponse:
    """Whole or in parts. Who asks for its beginning hears it: that is logged, the parts that follow are not."""
    assert isinstance(request.user, User)
    message = message_for(request.user, message_id)
    if message is None:
        return HttpResponse("There is no such message, or it is not for you.", status=404, content_type="text/plain")
    path = files.path_of(message)
    if not path.is_file():
        return HttpResponse("The sound of this message is not on this machine.", status=404, content_type="text/plain")
    response, begins = file_response(request, path, content_type="audio/wav")
    if begins and request.method == "GET":
        services.message_played(message, actor=actor_of(request.user))
    response["Cache-Control"] = "private, no-store"
    return response
