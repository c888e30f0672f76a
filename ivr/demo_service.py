"""A customer service to try web steps with: it knows ten thousand customers by their number. Only where the demo is."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, JsonResponse

NAMES = ("Ann", "Bruno", "Clara", "David", "Emma", "Frank", "Greta", "Henry", "Ida", "Jon")


def customer(request: HttpRequest, number: str) -> JsonResponse:
    """Numbers that begin with 7 are gold; those that begin with 0 are nobody's."""
    if not settings.DEMO or not number.isdecimal() or number.startswith("0"):
        raise Http404
    tier = "gold" if number.startswith("7") else "standard"
    return JsonResponse({"customer": {"number": number, "name": NAMES[int(number) % 10], "tier": tier}})
