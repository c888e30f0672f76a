"""A small call center for one test: a queue, agents with reachable phones, callers; driven through the services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from agents.models import Agent
from queues import services
from queues.models import Call, Disposition, Membership, Offer, Queue

from .site import person, unique


class Floor:
    def __init__(self, name: str = "Support", **queue: Any) -> None:
        self.queue = Queue.objects.create(name=unique(f"{name} "), slug=unique("floor-"), **{"wrap_up_seconds": 60, **queue})
        self.queue.dispositions.set(Disposition.objects.all())
        self.callers = 0

    def agent(self, name: str, *, phone: bool = True, **fields: Any) -> Agent:
        login = unique(name.split()[0].lower())
        agent = Agent.objects.create(
            user=person(login, "agent"), name=name, extension=str(4000 + Agent.objects.count()), sip_username=login, **fields
        )
        Membership.objects.create(queue=self.queue, agent=agent)
        if phone:
            self.phone(agent)
        return agent

    def phone(self, agent: Agent, label: str = "Deskphone") -> None:
        lease = timezone.now() + timedelta(hours=1)
        services.device_appeared(agent.pk, kind="sip", key=f"sip:{agent.sip_username}@192.0.2.7", label=label, lease_until=lease)

    def call(self, number: str = "+493012345678", name: str = "", **enqueue: Any) -> Call:
        self.callers += 1
        call = services.arrive(
            node="test", process=unique("p"), sip_call_id=unique("c"), caller_number=number, caller_name=name, dialled=self.queue.slug
        )
        services.enqueue(call.pk, self.queue.pk, **enqueue)
        call.refresh_from_db()
        return call

    def answer(self, call: Call) -> Call:
        offer = Offer.objects.open().get(call=call)
        services.offer_rang(offer.pk)
        assert services.accept(offer.pk)
        call.refresh_from_db()
        return call
