"""The page of the agent panel; everything on it comes over the socket."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from agents.models import Agent


@login_required
def panel(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    agent = Agent.objects.filter(user=request.user, active=True).first()
    if agent is None:
        return render(request, "panel/no_agent.html", status=403)
    return render(request, "panel/panel.html", {"agent": agent, "about": f"Extension {agent.extension}"})
