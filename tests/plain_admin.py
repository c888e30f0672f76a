"""Opens pages of the plain admin in a process of its own, in a transaction that is rolled back."""

from __future__ import annotations

import os

import django

PAGES = (
    "", "agents/agent/", "agents/agent/add/", "queues/queue/", "queues/queue/1/change/", "queues/call/{call}/change/", "queues/call/",
    "core/logentry/", "auth/user/add/", "agents/agent/import/",
    "queues/schedule/add/", "queues/schedule/preview/", "queues/closure/add/", "telephony/trunk/add/",
    "ivr/flow/", "ivr/flow/{flow}/change/", "ivr/flow/{flow}/builder/", "ivr/flow/{flow}/figures/",
)  # fmt: skip


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.plain_settings"
    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    call_command("check")
    with transaction.atomic():
        _open_pages()
        transaction.set_rollback(True)
    print("fine")


def _open_pages() -> None:
    from django.contrib.auth.models import User
    from django.test import Client

    from ivr.models import Flow
    from queues import services
    from queues.models import Queue

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_superuser("root"), backend="django.contrib.auth.backends.ModelBackend")
    call = services.arrive(node="n", process="p", sip_call_id="c", caller_number="1", caller_name="", dialled="sales")
    services.enqueue(call.pk, Queue.objects.get(slug="sales").pk)
    flow = Flow.objects.create(name="Main", slug="main")
    for path in PAGES:
        answer = client.get(f"/admin/{path.format(call=call.pk, flow=flow.pk)}")
        assert answer.status_code == 200, (path, answer.status_code)
        assert b"unfold" not in answer.content, path


if __name__ == "__main__":
    main()
