"""An intent is carried out once, however often and from however many lines it is sent."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.contrib.auth.models import User
from django.db import connection

from callcenter.core.errors import NotAllowed, Refusal
from callcenter.core.intents import Arguments, BadRequest, perform
from callcenter.core.models import Intent


class Work:
    """Counts how often it was done; every time it writes a row that a rollback would take back."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.done, self.refusal = 0, refusal

    def __call__(self) -> None:
        self.done += 1
        User.objects.create(username=f"made-{uuid.uuid4()}")
        if self.refusal:
            raise self.refusal


@pytest.fixture
def user() -> User:
    return User.objects.create(username="alice")


@pytest.mark.django_db
def test_the_same_id_again_gets_the_same_answer_and_the_work_is_done_once(user: User) -> None:
    work, key = Work(), uuid.uuid4()
    first, again = perform(user, key, "available", work), perform(user, key, "available", work)
    assert (first, again, work.done) == ({"ok": True}, {"ok": True}, 1)


@pytest.mark.django_db
def test_a_refusal_undoes_what_was_half_done_and_is_remembered(user: User) -> None:
    work, key = Work(BadRequest("no such thing", field="reason")), uuid.uuid4()
    first = perform(user, key, "break", work)
    assert first["ok"] is False
    assert first["error"]["field"] == "reason"
    assert perform(user, key, "break", work) == first
    assert work.done == 1
    assert not User.objects.filter(username__startswith="made-").exists()


@pytest.mark.django_db
def test_work_that_fails_leaves_no_answer_so_that_it_can_be_tried_again(user: User) -> None:
    key = uuid.uuid4()

    def broken() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        perform(user, key, "available", broken)
    assert not Intent.objects.filter(pk=key).exists()


@pytest.mark.django_db
def test_nobody_reads_the_answer_to_another_persons_intent(user: User) -> None:
    key = uuid.uuid4()
    perform(user, key, "available", Work())
    with pytest.raises(NotAllowed):
        perform(User.objects.create(username="mallory"), key, "available", Work())


@pytest.mark.django_db(transaction=True)
def test_eight_copies_at_once_do_the_work_once(user: User) -> None:
    work, key, answers = Work(), uuid.uuid4(), []
    gate = threading.Barrier(8)

    def send() -> None:
        gate.wait()
        answers.append(perform(user, key, "available", work))
        connection.close()

    lines = [threading.Thread(target=send) for _ in range(8)]
    for line in lines:
        line.start()
    for line in lines:
        line.join()
    assert answers == [{"ok": True}] * 8
    assert work.done == 1


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [({"n": "1"}, "n"), ({"n": True}, "n"), ({"n": 0}, "n"), ({}, "n"), ({"n": 1.5}, "n"), ({"n": 2**70}, "n")],
)
def test_arguments_of_the_wrong_kind_are_refused_by_name(raw: dict[str, object], wrong: str) -> None:
    with pytest.raises(BadRequest) as refused:
        Arguments(raw).integer("n")
    assert refused.value.field == wrong


def test_texts_are_bounded_and_free_of_nul_which_postgresql_cannot_store() -> None:
    assert Arguments({"notes": "ok"}).text("notes", limit=2) == "ok"
    for bad in ("abc", "\0", 7):
        with pytest.raises(BadRequest):
            Arguments({"notes": bad}).text("notes", limit=2)
