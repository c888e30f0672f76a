"""The page of the supervisor's board; everything on it comes over the socket."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from callcenter.core.roles import AUDITOR, MANAGER, SUPERVISOR, has_role


@login_required
def board(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    if not has_role(request.user, SUPERVISOR, MANAGER, AUDITOR):
        raise PermissionDenied("The live board is for supervisors.")
    return render(request, "board/board.html")
