"""The demo's flows: a menu that does everything flows can do, at number 1000, and a studio for prompts at *77."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from .flow import text
from .models import Flow, FlowVersion, WebConnection

MENU, STUDIO = "demo", "studio"
CONNECTION = "demo-crm"


def document(slug: str = MENU) -> dict[str, Any]:
    found: dict[str, Any] = text.loads(Path(__file__).with_name(f"{slug}_flow.yaml").read_text())
    return found


def load(slug: str = MENU) -> Flow:
    """The flow, published; made if it is missing, and left alone if it is there."""
    _connection()
    draft = document(slug)
    flow, created = Flow.objects.get_or_create(slug=slug, defaults={"name": draft["name"], "draft": draft})
    if created:
        flow.published = FlowVersion.objects.create(flow=flow, number=1, document=flow.draft, note="As it comes with the product")
        flow.save(update_fields=["published"])
    return flow


def _connection() -> None:
    """To the customer service that the web server itself offers while it is a demo (`ivr.demo_service`); its port may have changed."""
    address = f"http://127.0.0.1:{settings.HTTP_PORT}/demo/customers/"
    connection, _ = WebConnection.objects.get_or_create(
        slug=CONNECTION, defaults={"name": "Demo customers", "base_url": address, "internal": True}
    )
    if connection.base_url.startswith("http://127.0.0.1:") and connection.base_url != address:
        WebConnection.objects.filter(pk=connection.pk).update(base_url=address)
