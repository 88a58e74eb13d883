"""Messages to bytes and back."""

from typing import Literal

import pytest

from splitbrain.errors import ContractError
from splitbrain.systems.codec import Codec, check_message, handlers_of, tag
from splitbrain.systems.node import ClientNode, Context, Message, Node


class Entry(Message, frozen=True):
    key: str
    value: int | None = None


class Batch(Message, frozen=True):
    entries: tuple[Entry, ...]
    last: Entry | None = None
    mode: Literal["fast", "slow"] = "fast"
    data: bytes = b""
    rate: float = 0.5


class Tree(Message, frozen=True):
    left: "Tree | None" = None
    right: "Tree | None" = None


class Base(Node):
    def on_Entry(self, ctx: Context, src: str, msg: Entry) -> None: ...


class Server(Base):
    def on_Batch(self, ctx: Context, src: str, msg: "Batch") -> None: ...

    def on_timer_tick(self, ctx: Context) -> None: ...


class Dotted(Node):
    def on_Tree(self, ctx: Context, src: str, msg: "Forest.Tree") -> None: ...  # type: ignore[valid-type]


class Forest:
    Tree = Tree


class Client(ClientNode):
    pass


def test_handlers_are_found_by_annotation_also_inherited_ones() -> None:
    assert handlers_of(Server) == {Batch: "on_Batch", Entry: "on_Entry"}
    assert handlers_of(Dotted) == {Tree: "on_Tree"}
    assert handlers_of(Client) == {}


@pytest.mark.parametrize(
    "message",
    [
        Entry("k"),
        Entry("k", -(1 << 63)),
        Batch((Entry("a", 1), Entry("b")), last=Entry("c", 2), mode="slow", data=b"\x00\xff", rate=1.5),
    ],
)
def test_messages_come_back_equal(message: Message) -> None:
    codec = Codec([Server])
    data = codec.encode(message, "inner")
    assert tag(type(message)).encode() in data
    assert codec.decode(data) == ("inner", message)


def test_a_message_that_nobody_handles_cannot_be_decoded() -> None:
    codec = Codec([Base])
    with pytest.raises(ContractError, match=r"no node handles .*\.Batch"):
        codec.decode(codec.encode(Batch(())))


def test_messages_may_nest_themselves() -> None:
    check_message(Tree)


def test_two_classes_of_one_name_are_refused() -> None:
    def make() -> type[Node]:
        class Same(Message, frozen=True):
            n: int

        class Holder(Node):
            def on_Same(self, ctx: Context, src: str, msg: Same) -> None: ...

        return Holder

    with pytest.raises(ContractError, match=r"two message classes are called .*Same: rename one"):
        Codec([make(), make()])
