"""Makes Strawberry types at start, from lists of members instead of class bodies."""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import has_object_definition
from strawberry.types.enum import has_enum_definition
from strawberry.types.fields.resolver import StrawberryResolver

from engine.errors import StartError

_READ: dict[tuple[str, CodeType], StrawberryResolver[Any]] = {}
"""What Strawberry has read of a function, by the lines that have made it; the same may stand in another module."""


@dataclass(frozen=True, slots=True)
class Member:
    """One field of a type. `name` is the one in GraphQL, `wire` the one in the values both doors share, if it differs.

    `attribute` is where a record or object has it; `resolver` a function that finds it otherwise, or, `streamed`, one
    value of it after the other. `arguments` are the types of those of its arguments whose types are made at start.
    """

    name: str
    type: Any
    description: str | None = None
    attribute: str | None = None
    wire: str | None = None
    resolver: Any = None
    arguments: Mapping[str, Any] | None = None
    extensions: tuple[FieldExtension, ...] = ()
    streamed: bool = False


def bare(name: str) -> type[Any]:
    """A class to refer to before its members are known: types refer to each other in circles."""
    # Where there is no docstring dataclasses writes one, and inspects the signature of the class for it.
    return type(name, (), {"__module__": __name__, "__doc__": name})


def declare_object(cls: type[Any], members: Iterable[Member], description: str | None = None) -> type[Any]:
    """Give a bare class its fields and make it an object type."""
    listed = _unique(cls, members)
    cls.__annotations__ = {_attribute(member): _annotation(member.type) for member in listed}
    for member in listed:
        made = strawberry.field(
            resolver=_resolver(member),
            name=member.name,
            description=member.description,
            is_subscription=member.streamed,
            extensions=list(member.extensions),
        )
        setattr(cls, _attribute(member), made)
    return strawberry.type(cls, description=description)


def declare_input(cls: type[Any], members: Iterable[Member], description: str | None = None) -> type[Any]:
    """Give a bare class its fields and make it an input type; all may be absent, which is not the same as null."""
    listed = _unique(cls, members)
    cls.__annotations__ = {_attribute(member): _annotation(member.type | None) for member in listed}
    for member in listed:
        made = strawberry.field(name=member.name, description=member.description, default=strawberry.UNSET)
        setattr(cls, _attribute(member), made)
    cls.__wire__ = {_attribute(member): member.wire for member in listed if member.wire}
    return strawberry.input(cls, description=description)


def plain(value: Any) -> Any:
    """The value both doors share of an argument: input objects as mappings, without what was not given."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if has_object_definition(value):
        return dict(_given_fields(value))
    return value.value if has_enum_definition(type(value)) else value


def list_of(made: Any) -> Any:
    """A list of a type that is made at start, which mypy cannot know to be one."""
    return list[made]


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that came and are not null, as values both doors share."""
    return {name: plain(value) for name, value in arguments.items() if value not in (None, strawberry.UNSET)}


def _given_fields(value: Any) -> Iterator[tuple[str, Any]]:
    wires = getattr(type(value), "__wire__", {})
    for field in value.__strawberry_definition__.fields:
        name = field.python_name
        if (item := getattr(value, name)) is not strawberry.UNSET:
            yield wires.get(name) or field.graphql_name or name, plain(item)


@lru_cache(maxsize=1024)
def _annotation(made: Any) -> StrawberryAnnotation:
    """A type for Strawberry, which works it out once for all members that have it, as long as they share this."""
    # There are no names to look up in a namespace, but where none is given Strawberry sets one, and begins anew.
    return StrawberryAnnotation(made, namespace={})


def _resolver(member: Member) -> Any:
    """The resolver of a member, if it has one. Each is a function of its own, but of those that the same lines make one
    alone is read: to look at a function's parameters takes longer than all else that is done for its field. So their
    annotations have to be the same; types that are not are among `arguments`.
    """
    if member.resolver is None:
        return None
    lines = member.resolver.__module__, member.resolver.__code__
    known = _READ.setdefault(lines, StrawberryResolver(member.resolver))
    types = member.arguments or {}
    arguments = [_typed(each, types.get(each.python_name)) for each in known.arguments]
    made = copy(known)
    made.wrapped_func, made.arguments = member.resolver, arguments
    return made


def _typed(argument: StrawberryArgument, made: Any) -> StrawberryArgument:
    """The argument with a type that is made at start, itself where there is None."""
    if made is None:
        return argument
    typed = copy(argument)
    typed.type_annotation = _annotation(made)
    return typed


def _attribute(member: Member) -> str:
    return member.attribute or member.name


def _unique(cls: type[Any], members: Iterable[Member]) -> list[Member]:
    listed = list(members)
    seen: set[str] = set()
    for member in listed:
        if member.name in seen:
            raise StartError(
                f"GraphQL's {cls.__name__} would have two fields '{member.name}': rename a model or a table."
            )
        seen.add(member.name)
    return listed
