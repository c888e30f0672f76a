"""The pages that belong to no app: the front door, log-in and log-out."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject

from agents.models import Agent
from callcenter.core.roles import AUDITOR, MANAGER, SUPERVISOR, has_role


class LogIn(LoginView):
    template_name = "registration/login.html"
    redirect_authenticated_user = True


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the screen that fits the person's role."""
    assert isinstance(request.user, User)
    found = destinations(request.user)
    # Managers choose; for the others the first place is where they work.
    if found and not has_role(request.user, MANAGER):
        return redirect(found[0]["url"])
    return render(request, "home.html")


def places(request: HttpRequest) -> dict[str, Any]:
    """For all templates: where else this person may go. Read only by pages that show it."""
    return {"places": SimpleLazyObject(lambda: destinations(request.user) if isinstance(request.user, User) else [])}


def destinations(user: User) -> list[dict[str, str]]:
    found = []
    if Agent.objects.filter(user=user, active=True).exists():
        found.append({"url": "panel", "name": "Agent panel", "icon": "headset", "about": "Take calls and write them up."})
    if has_role(user, SUPERVISOR, MANAGER, AUDITOR):
        found.append(
            {"url": "board", "name": "Live board", "icon": "layout-dashboard", "about": "Queues, calls and agents as they are now."}
        )
    if user.is_staff and has_role(user, MANAGER, SUPERVISOR, AUDITOR):
        found.append({"url": "admin:index", "name": "Administration", "icon": "settings", "about": "Configuration, records and reports."})
    return found
