"""The demo's menu: a flow that does everything flows can do, at number 1000."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from .flow import text
from .models import Flow, FlowVersion, WebConnection

SLUG = "demo"
CONNECTION = "demo-crm"
DOCUMENT = Path(__file__).with_name("demo_flow.yaml")


def document() -> dict[str, Any]:
    found: dict[str, Any] = text.loads(DOCUMENT.read_text())
    return found


def load() -> Flow:
    """The flow, published; made if it is missing, and left alone if it is there."""
    _connection()
    flow, created = Flow.objects.get_or_create(slug=SLUG, defaults={"name": "Demo menu", "draft": document()})
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
