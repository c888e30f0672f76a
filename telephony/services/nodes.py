"""Nodes and their call processes in rows."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from callcenter.core import sql
from queues.models import Call
from telephony.models import CallProcess, Node

DEAD_AFTER_SECONDS = 10.0
"""A node whose heartbeat is older is taken for dead; it beats every two seconds."""

CLAIM = """
INSERT INTO telephony_callprocess (node_id, name, pid, sip_port, started_at)
SELECT id, %(name)s, %(pid)s, %(port)s, statement_timestamp() FROM telephony_node WHERE name = %(node)s
ON CONFLICT (node_id, name) DO NOTHING
"""


def started(name: str, *, pid: int) -> Node:
    """The node runs: its row, made on its first start."""
    now = timezone.now()
    fields = {"pid": pid, "started_at": now, "heartbeat_at": now, "sip_address": "", "draining": False, "edge_restarts": 0}
    return Node.objects.update_or_create(name=name, defaults=fields)[0]


def beat(name: str, *, sip_address: str, edge_restarts: int, draining: bool) -> None:
    """A sign of life. Database time, so that nodes with different clocks judge each other alike.

    :param sip_address: where the edge listens; empty while it does not.
    """
    Node.objects.filter(name=name).update(heartbeat_at=Now(), sip_address=sip_address, edge_restarts=edge_restarts, draining=draining)


def stopped(name: str) -> None:
    """The node left in good order: nobody needs to look after it."""
    Node.objects.filter(name=name).update(heartbeat_at=None, pid=0)


def process_claimed(node: str, *, name: str, pid: int, sip_port: int) -> None:
    """A call process took a call. Written again, it changes nothing."""
    sql.run(CLAIM, {"node": node, "name": name, "pid": pid, "port": sip_port})


def process_ended(node: str, *, name: str, exit_code: int | None) -> None:
    """A call process is gone. `exit_code` None: nobody saw how."""
    CallProcess.objects.filter(node__name=node, name=name, ended_at__isnull=True).update(ended_at=Now(), exit_code=exit_code)


def open_processes(node: str) -> list[CallProcess]:
    """Processes of which no end is written."""
    return list(CallProcess.objects.filter(node__name=node, ended_at__isnull=True).order_by("pk"))


def dead_nodes() -> list[str]:
    """Nodes that stopped beating without a good-bye."""
    return list(_silent().values_list("name", flat=True))


def still_dead(name: str) -> bool:
    """Asked in the transaction that acts on it: a node that beats meanwhile waits until that is done.

    Its calls that arrive do not wait: the rows of their processes need no more of the node's row than its key.
    """
    return _silent().filter(name=name).select_for_update(no_key=True).first() is not None


def buried(name: str) -> None:
    """All that the dead node left is closed. One that beats again stays as it is."""
    _silent().filter(name=name).update(heartbeat_at=None, pid=0)


def _silent() -> QuerySet[Node]:
    return Node.objects.filter(heartbeat_at__lt=Now() - dt.timedelta(seconds=DEAD_AFTER_SECONDS))


def left_behind(node: str) -> set[str]:
    """Names of processes that have no end in the rows: their own, or their call's."""
    rows = CallProcess.objects.filter(node__name=node, ended_at__isnull=True).values_list("name", flat=True)
    calls = Call.objects.live().filter(node=node).values_list("process", flat=True)
    return {*rows, *calls}
