"""What servers and clients do with each message, handler by handler."""

from handlers import MS, Recorder

from splitbrain.histories.event import Invocation
from splitbrain.histories.operation import Value
from splitbrain.systems.node import Message
from splitbrain.systems.primary_backup.client import Client, request_of
from splitbrain.systems.primary_backup.messages import (
    Accept,
    Forward,
    GetView,
    Incarnation,
    NotPrimary,
    Ping,
    Refuse,
    Reply,
    Request,
    Transfer,
    Transferred,
    View,
    ViewReply,
)
from splitbrain.systems.primary_backup.server import Server

S1, S2, S3 = (Incarnation(name, 0) for name in ("s1", "s2", "s3"))
ALONE, PAIR = View(1, S1, None), View(2, S1, S2)


class Part:
    """A node with its context: `tell` gives it a message and returns what it sends."""

    def __init__(self, name: str, *views: View, epoch: int = 0) -> None:
        self.node = Server()
        self.ctx = Recorder(name, epoch)
        self.node.start(self.ctx)
        for view in views:
            self.tell(ViewReply(view, 0), "vs")
        self.ctx.take()

    def tell(self, message: Message, src: str = "c0") -> list[tuple[str, Message]]:
        getattr(self.node, f"on_{type(message).__name__}")(self.ctx, src, message)
        return self.ctx.take()

    def tick(self) -> list[tuple[str, Message]]:
        self.ctx.now += 25 * MS
        self.node.on_timer_tick(self.ctx)
        return self.ctx.take()


def write(operation: int, value: int, key: str = "x") -> Request:
    return Request(operation, "write", key, value)


def pair() -> tuple[Part, Part]:
    """Primary and backup of view 2, in step, with x = 1."""
    primary = Part("s1", ALONE)
    primary.tell(write(0, 1))
    [(receiver, transfer)] = primary.tell(ViewReply(PAIR, 0), "vs")
    assert receiver == "s2"
    backup = Part("s2")
    [(receiver, transferred)] = backup.tell(transfer, "s1")
    assert (receiver, transferred) == ("s1", Transferred(2))
    primary.tell(transferred, "s2")
    return primary, backup


def test_a_server_pings_at_every_tick() -> None:
    server = Part("s3", PAIR, epoch=2)
    assert server.tick() == [("vs", Ping(Incarnation("s3", 2), 2, False, 0))]
    server.tell(ViewReply(PAIR, 7 * MS), "vs")
    assert server.tick() == [("vs", Ping(Incarnation("s3", 2), 2, False, 7 * MS))]


def test_only_the_primary_takes_requests() -> None:
    _, backup = pair()
    assert backup.tell(write(1, 2)) == [("c0", NotPrimary(1))]
    assert Part("s3", PAIR).tell(write(1, 2)) == [("c0", NotPrimary(1))]
    assert Part("s1", PAIR, epoch=1).tell(write(1, 2)) == [("c0", NotPrimary(1))]


def test_a_primary_without_backup_answers_at_once() -> None:
    assert Part("s1", ALONE).tell(write(0, 1)) == [("c0", Reply(0, None))]


def test_the_primary_answers_reads_too_only_when_its_backup_has_accepted() -> None:
    primary, backup = pair()
    read = Request(1, "read", "x")
    assert primary.tell(read) == [("s2", forward := Forward(2, 1, "c0", read))]
    assert backup.tell(forward, "s1") == [("s1", accept := Accept(2, 1))]
    assert primary.tell(accept, "s2") == [("c0", Reply(1, 1))]


def test_forwards_in_reverse_order_are_carried_out_in_order() -> None:
    primary, backup = pair()
    [(_, first)] = primary.tell(write(1, 10), "c0")
    [(_, second)] = primary.tell(Request(2, "cas", "x", 20, 10), "c1")
    assert backup.tell(second, "s1") == [("s1", Accept(2, 0))]
    assert backup.tell(first, "s1") == [("s1", Accept(2, 2))]
    assert backup.node.store.data == {"x": 20} == primary.node.store.data
    assert primary.tell(Accept(2, 2), "s2") == [("c0", Reply(1, None)), ("c1", Reply(2, True))]


def test_only_the_second_forward_arrives() -> None:
    primary, backup = pair()
    primary.tell(write(1, 10), "c0")
    [(_, second)] = primary.tell(write(2, 20), "c1")
    assert primary.tell(*_accepted(backup, second)) == []
    primary.tick()
    resent = primary.tick()[1:]
    for _, forward in resent:
        backup.tell(forward, "s1")
    assert backup.node.store.data == {"x": 20}


def _accepted(backup: Part, forward: Message) -> tuple[Message, str]:
    [(_, accept)] = backup.tell(forward, "s1")
    return accept, "s2"


def test_a_repeated_request_is_answered_again_but_not_carried_out_again() -> None:
    primary = Part("s1", ALONE)
    append = Request(0, "append", "x", "a")
    assert primary.tell(append) == primary.tell(append) == [("c0", Reply(0, "a"))]


def test_a_repeated_request_is_not_answered_before_the_backup_has_accepted_it() -> None:
    primary, _ = pair()
    primary.tell(write(1, 2))
    assert primary.tell(write(1, 2)) == []


def test_a_request_that_a_newer_one_has_overtaken_is_dropped() -> None:
    primary = Part("s1", ALONE)
    primary.tell(write(5, 1))
    assert primary.tell(write(4, 2)) == []
    assert primary.node.store.data == {"x": 1}


def test_a_new_primary_answers_what_the_old_one_had_carried_out() -> None:
    _, backup = pair()
    backup.tell(ViewReply(View(3, S2, None), 0), "vs")
    assert backup.tell(write(0, 1)) == [("c0", Reply(0, None))]
    assert backup.tell(Request(1, "read", "x")) == [("c0", Reply(1, 1))]


def test_the_primary_takes_no_requests_until_its_backup_has_the_state() -> None:
    primary = Part("s1", ALONE, PAIR)
    assert primary.tell(write(0, 1)) == []
    primary.tell(Transferred(2), "s2")
    assert len(primary.tell(write(0, 1))) == 1


def test_a_promoted_backup_refuses_the_old_primary_which_then_steps_down() -> None:
    primary, backup = pair()
    [(_, forward)] = primary.tell(write(1, 2))
    promoted = View(3, S2, None)
    backup.tell(ViewReply(promoted, 0), "vs")
    assert backup.tell(forward, "s1") == [("s1", refusal := Refuse(promoted))]
    assert primary.tell(refusal, "s2") == []
    assert primary.tell(write(1, 2)) == [("c0", NotPrimary(1))]
    assert primary.tell(Accept(2, 1), "s2") == []


def test_the_primary_answers_what_it_held_when_its_backup_is_dropped() -> None:
    primary, _ = pair()
    primary.tell(write(1, 2))
    assert primary.tell(ViewReply(View(3, S1, None), 0), "vs") == [("c0", Reply(1, None))]


def test_the_primary_answers_what_it_held_when_its_new_backup_has_it() -> None:
    primary, _ = pair()
    primary.tell(write(1, 2))
    [(receiver, transfer)] = primary.tell(ViewReply(View(3, S1, S3), 0), "vs")
    assert receiver == "s3"
    assert isinstance(transfer, Transfer)
    assert dict(transfer.data) == {"x": 2}
    assert primary.tell(Transferred(3), "s3") == [("c0", Reply(1, None))]
    assert primary.tell(Transferred(3), "s3") == []


def test_a_transfer_that_arrives_twice_is_loaded_once() -> None:
    primary, backup = pair()
    transfer = primary.node.store.transfer(PAIR)
    [(_, forward)] = primary.tell(write(1, 2))
    backup.tell(forward, "s1")
    assert backup.tell(transfer, "s1") == [("s1", Transferred(2))]
    assert backup.node.store.data == {"x": 2}


def test_a_restarted_backup_accepts_nothing_in_its_former_name() -> None:
    primary, _ = pair()
    [(_, forward)] = primary.tell(write(1, 2))
    restarted = Part("s2", PAIR, epoch=1)
    assert restarted.tell(forward, "s1") == []
    assert restarted.tell(primary.node.store.transfer(PAIR), "s1") == []


def test_transfers_and_forwards_are_sent_again_until_they_are_confirmed() -> None:
    primary = Part("s1", ALONE, PAIR)
    assert [type(message) for _, message in primary.tick()] == [Ping, Transfer]
    primary.tell(Transferred(2), "s2")
    primary.tell(write(0, 1))
    assert [type(message) for _, message in primary.tick()] == [Ping]
    assert [type(message) for _, message in primary.tick()] == [Ping, Forward]
    primary.tell(Accept(2, 1), "s2")
    assert [type(message) for _, message in primary.tick()] == [Ping]


def invocation(operation: int, f: str, input: Value = None) -> Invocation:
    return Invocation(operation=operation, process=0, f=f, key="x", input=input, time=0)


def test_operations_become_requests() -> None:
    assert request_of(invocation(1, "cas", (None, 3))) == Request(1, "cas", "x", 3, None)
    assert request_of(invocation(2, "put", "a")) == Request(2, "put", "x", "a")


def test_a_client_asks_for_the_view_then_the_primary() -> None:
    client, ctx = Client(), Recorder("c0")
    client.on_invoke(ctx, invocation(0, "read"))
    assert ctx.take() == [("vs", GetView())]
    client.on_ViewReply(ctx, "vs", ViewReply(ALONE, 0))
    assert ctx.take() == [("s1", Request(0, "read", "x"))]
    client.on_Reply(ctx, "s1", Reply(0, 7))
    assert ctx.completed == [(0, "ok", 7)]
    client.on_invoke(ctx, invocation(1, "read"))
    assert ctx.take() == [("s1", Request(1, "read", "x"))]
    client.on_Reply(ctx, "s1", Reply(0, 7))
    assert len(ctx.completed) == 1


def test_a_client_asks_again_after_a_while() -> None:
    client, ctx = Client(), Recorder("c0")
    client.view = PAIR
    client.on_invoke(ctx, invocation(0, "read"))
    ctx.take()
    assert ctx.timers == {"retry": 100 * MS}
    client.on_timer_retry(ctx)
    assert ctx.take() == [("vs", GetView()), ("s1", Request(0, "read", "x"))]


def test_a_refused_client_follows_a_newer_view_only() -> None:
    client, ctx = Client(), Recorder("c0")
    client.view = PAIR
    client.on_invoke(ctx, invocation(0, "read"))
    ctx.take()
    client.on_NotPrimary(ctx, "s1", NotPrimary(0))
    assert ctx.take() == [("vs", GetView())]
    client.on_ViewReply(ctx, "vs", ViewReply(PAIR, 0))
    assert ctx.take() == []
    client.on_ViewReply(ctx, "vs", ViewReply(View(3, S2, None), 0))
    assert ctx.take() == [("s2", Request(0, "read", "x"))]
