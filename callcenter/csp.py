"""The Content-Security-Policy of each part of the site."""

from __future__ import annotations

from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

ADMIN_PREFIX = "/admin/"
ADMIN_UPDATE = {"script-src": ["'unsafe-eval'"], "style-src": ["'unsafe-inline'"], "media-src": ["'self'", "blob:"]}
"""The administration's theme evaluates its own attributes (Alpine) and sets styles in them. It runs no inline script.
Sounds are played from memory: what was just recorded is nowhere else."""


class PolicyByPath(CSPMiddleware):
    """The strict policy everywhere, and beside it what the administration's theme cannot do without."""

    def get_policy_parts(self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith(ADMIN_PREFIX) and not report_only:
            parts.update = {**(parts.update or {}), **ADMIN_UPDATE}
        return parts
