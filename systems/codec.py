"""Messages: which handler takes which, what their fields may be, and how they become bytes."""

import inspect
import types
from collections.abc import Iterable
from typing import Literal, TypeGuard, Union, get_args, get_origin, get_type_hints

import msgspec

from ..errors import ContractError
from .node import ClientNode, Message, Node

_SCALARS = frozenset((int, float, bool, type(None), str, bytes))
_ALLOWED = "int, float, bool, None, str, bytes, tuples of these, and further messages"
_LARGEST = 1 << 63


_handlers: dict[type[Node], dict[type[Message], str]] = {}
_sound: set[type[Message]] = set()


def handlers_of(node: type[Node]) -> dict[type[Message], str]:
    """The message classes that a node handles, with the names of the methods that do.

    Raises ContractError if a method called `on_…` is no handler, if the message class that it takes by its annotation
    has another name, or if such a message has a field that it may not have.
    """
    if node in _handlers:
        return _handlers[node]
    handlers: dict[type[Message], str] = {}
    for name in dir(node):
        if not name.startswith("on_") or name.startswith("on_timer_") or _is_invoke(node, name):
            continue
        message = _message_taken(node, name)
        check_message(message)
        handlers[message] = name
    _handlers[node] = handlers
    return handlers


def check_message(message: type[Message]) -> None:
    """Raise ContractError, naming class and field, if a field of the message class is of a type that is not allowed."""
    if message in _sound:
        return
    try:
        hints = get_type_hints(message)
    except (NameError, TypeError) as error:
        raise ContractError(f"{message.__qualname__}: its annotations cannot be read: {error}") from error
    if not message.__struct_config__.frozen:
        raise ContractError(f"{message.__qualname__} is not frozen: two nodes would share what one of them changes")
    _sound.add(message)  # before its fields, which may be messages of the same class
    try:
        for name in message.__struct_fields__:
            _check_annotation(hints[name], f"{message.__qualname__}.{name}")
    except ContractError:
        _sound.discard(message)
        raise


def check_value(value: object, what: str) -> None:
    """Raise ContractError, saying what it is, if the value could not be the field of a message."""
    kind = type(value)
    if kind is int:
        if not -_LARGEST <= value < 2 * _LARGEST:  # type: ignore[operator]
            raise ContractError(f"{what} is {value}, which does not fit into 64 bits")
    elif kind is tuple:
        for item in value:  # type: ignore[attr-defined]
            check_value(item, what)
    elif kind not in _SCALARS and not isinstance(value, Message):
        raise ContractError(f"{what} is a {kind.__qualname__}; allowed are {_ALLOWED}")


class Codec:
    """Messages to bytes and back, for the nodes of one deployment.

    Raises ContractError when it is made if two classes have the same tag, `module.Class`.
    """

    def __init__(self, nodes: Iterable[type[Node]]) -> None:
        self._decoders: dict[str, msgspec.msgpack.Decoder[Message]] = {}
        classes: dict[str, type[Message]] = {}
        for node in nodes:
            for message in handlers_of(node):
                if classes.setdefault(tag(message), message) is not message:
                    raise ContractError(f"two message classes are called {tag(message)}: rename one")
        for name, message in classes.items():
            self._decoders[name] = msgspec.msgpack.Decoder(message)

    def encode(self, message: Message, path: str = "") -> bytes:
        """The message as msgpack, with its tag and the path of the nested node that it is for."""
        try:
            payload = msgspec.msgpack.encode(message)
        except (OverflowError, TypeError) as error:
            raise ContractError(f"{message!r} cannot be encoded: {error}") from error
        return msgspec.msgpack.encode(_Envelope(path, tag(type(message)), msgspec.Raw(payload)))

    def decode(self, data: bytes) -> tuple[str, Message]:
        """The path and the message; ContractError if a field does not hold what its annotation says."""
        envelope = msgspec.msgpack.decode(data, type=_Envelope)
        try:
            return envelope.path, self._decoders[envelope.tag].decode(envelope.payload)
        except KeyError:
            raise ContractError(f"no node handles {envelope.tag}: add the method on_{envelope.tag}") from None
        except msgspec.ValidationError as error:
            raise ContractError(f"a {envelope.tag} was sent whose fields are not what they say: {error}") from error


def tag(message: type[Message]) -> str:
    """The name of a message class on the wire."""
    return f"{message.__module__}.{message.__qualname__}"


class _Envelope(msgspec.Struct, array_like=True):
    path: str
    tag: str
    payload: msgspec.Raw


def _is_invoke(node: type[Node], name: str) -> bool:
    return name == "on_invoke" and issubclass(node, ClientNode)


def _message_taken(node: type[Node], name: str) -> type[Message]:
    where = f"{node.__qualname__}.{name}"
    try:
        parameters = list(inspect.signature(getattr(node, name)).parameters.values())
    except TypeError:
        raise ContractError(f"{where} is not a method: names that begin with on_ are handlers") from None
    except NameError as error:
        raise ContractError(f"{where}: its annotations cannot be read: {error}") from None
    if len(parameters) != 4:
        raise ContractError(f"{where} must take (self, ctx, src, msg): names that begin with on_ are handlers")
    message = parameters[3].annotation
    if isinstance(message, str):
        first, *others = message.split(".")
        message = getattr(node, name).__globals__.get(first)
        for part in others:
            message = getattr(message, part, None)
    if not _is_message(message):
        raise ContractError(f"{where}: annotate its last parameter with the message class that it takes")
    if name != f"on_{message.__name__}":
        raise ContractError(f"{where} takes a {message.__name__}: call it on_{message.__name__}")
    return message


def _is_message(annotation: object) -> TypeGuard[type[Message]]:
    return isinstance(annotation, type) and issubclass(annotation, Message) and annotation is not Message


def _check_annotation(annotation: object, where: str) -> None:
    origin = get_origin(annotation)
    arguments: tuple[object, ...]
    if annotation in _SCALARS:
        arguments = ()
    elif _is_message(annotation):
        check_message(annotation)
        arguments = ()
    elif origin is tuple:
        arguments = tuple(part for part in get_args(annotation) if part is not Ellipsis)
    elif origin in (Union, types.UnionType):
        arguments = get_args(annotation)
    elif origin is Literal:
        arguments = tuple(type(value) for value in get_args(annotation))
    else:
        shown = getattr(annotation, "__qualname__", None) if origin is None else None
        raise ContractError(f"{where} is a {shown or annotation}; allowed are {_ALLOWED}")
    for argument in arguments:
        _check_annotation(argument, where)
