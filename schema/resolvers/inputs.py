"""What the inputs of users, roles and signing in are checked for, each answering every complaint it has."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.data.collections import Collection
from engine.data.filters import did_you_mean
from engine.data.values import refuse_unstorable
from engine.errors import Code, Complaint, refuse
from engine.identity.passwords import refuse_password

LONGEST = 255


def object_of(collection: Collection, values: object) -> Mapping[str, Any]:
    """The values of one record; raises `BAD_VALUE` for anything but an object."""
    if not isinstance(values, Mapping):
        raise refuse(Code.BAD_VALUE, f"A record of '{collection.name}' is an object of field names and values.")
    return values


def check_names(values: Mapping[str, Any], writable: Iterable[str], collection: Collection) -> Iterator[Complaint]:
    """Names that cannot be written; a secret column is told like one that does not exist."""
    allowed = tuple(writable)
    visible = {*(field.name for field in collection.readable), *collection.relations}
    for name in values:
        if name in allowed:
            continue
        if name in visible:
            yield Complaint(Code.FIELD_NOT_WRITABLE, f"'{name}' cannot be written here.", (name,))
        else:
            message = f"'{name}' is not a field of '{collection.name}'.{did_you_mean(str(name), allowed)}"
            yield Complaint(Code.UNKNOWN_FIELD, message, (name,))


def check_required(values: Mapping[str, Any], names: Iterable[str]) -> Iterator[Complaint]:
    """Names that a new record cannot do without."""
    for name in names:
        if name not in values:
            yield Complaint(Code.REQUIRED, f"'{name}' is required.", (name,))


def check_text(name: str, value: Any, longest: int | None = LONGEST) -> Iterator[Complaint]:
    """A text that is not empty and that the database can keep."""
    if value is None or value == "":
        yield Complaint(Code.REQUIRED, f"'{name}' is required.", (name,))
    elif not isinstance(value, str):
        yield Complaint(Code.BAD_VALUE, f"'{name}' must be a string.", (name,))
    elif longest is not None and len(value) > longest:
        yield Complaint(Code.BAD_VALUE, f"'{name}' must have at most {longest} characters.", (name,))
    else:
        try:
            refuse_unstorable(value)
        except ValueError as fault:
            yield Complaint(Code.BAD_VALUE, f"'{name}' {fault}.", (name,))


def check_new_password(name: str, value: Any) -> Iterator[Complaint]:
    """A password that somebody shall have from now on."""
    if value is None:
        yield Complaint(Code.REQUIRED, f"'{name}' is required.", (name,))
    elif fault := refuse_password(value):
        yield Complaint(Code.BAD_VALUE, f"'{name}' {fault}.", (name,))
