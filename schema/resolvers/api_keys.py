"""Keys for programs: made, listed and ended by whoever holds the grant, each their own; root sees and ends all."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from engine.actions import Actor
from engine.data.filters import did_you_mean
from engine.data.values import render
from engine.errors import Code, Complaint, raise_for, refuse
from engine.identity.keys import find_key, list_keys, make_key
from engine.identity.roles import ROOT
from engine.outcomes import Page, Record
from engine.system.models import ApiKey
from schema.context import Context
from schema.permissions import API_KEYS, Verb, may, require, signed_in
from schema.resolvers.inputs import check_required, check_text
from schema.resolvers.once import once

NEVER = "never"

_WRITABLE = ("name", "role", "expiresIn")
_SPAN = re.compile(r"([1-9][0-9]{0,4})([hdy])")
_HOURS = {"h": 1, "d": 24, "y": 24 * 365}
_LONGEST = timedelta(days=36_500)


async def create_key(context: Context, values: Any) -> Record:
    """A new key of the actor's: `{name, role?, expiresIn?}`. Its text is `token`, and is told this once: a request that
    comes again is answered the record with a `token` of None, since no answer with it is kept. Who may not read keys is
    told the number beside it alone."""
    made: list[str] = []
    record = await _create(context, values, made)
    return {**record, "token": made[0] if made else None}


@once(API_KEYS, Verb.CREATE)
async def _create(context: Context, values: Any, made: list[str]) -> Record:
    actor = signed_in(context.actor)
    if actor.token is None:
        raise refuse(Code.NO_PERMISSION, "A key makes no keys: sign in, and make it then.")
    if not isinstance(values, Mapping):
        raise refuse(Code.BAD_VALUE, "A key is an object of name, role and expiresIn.")
    raise_for([*_check_names(values), *check_required(values, ("name",)), *_check(values, actor)])
    expires_at = _expiry(values.get("expiresIn"), context.engine.accounts.tokens.now())
    text, key = await make_key(actor.key, _role(values.get("role"), actor), values["name"], expires_at)
    made.append(text)
    return record_of(key) if may(actor, API_KEYS, Verb.READ) else {"id": key.id}


@once(API_KEYS, Verb.DESTROY)
async def destroy_key(context: Context, key: Any) -> int:
    """The end of a key; answers how many ended."""
    row = await find_key(_number(key), _whose(signed_in(context.actor)))
    await row.delete()
    return 1


async def get_key(context: Context, key: Any) -> Record:
    """What may be known of a key."""
    actor = require(context.actor, API_KEYS, Verb.READ)
    return record_of(await find_key(_number(key), _whose(actor)))


async def page_of_keys(context: Context, page: int, page_size: int) -> Page:
    """Keys in the order in which they were made."""
    actor = require(context.actor, API_KEYS, Verb.READ)
    if wrong := [name for name, number in (("page", page), ("pageSize", page_size)) if number < 1]:
        raise refuse(Code.BAD_PAGE, f"'{wrong[0]}' is a number from 1 on.", wrong[0])
    size = min(page_size, context.engine.page_limit)
    rows, count = await list_keys(_whose(actor), page, size)
    return Page([record_of(row) for row in rows], count, page, size)


def record_of(key: ApiKey) -> Record:
    """A key as it leaves, without what it is known by."""
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role_name,
        "userId": key.user_id,
        "expiresAt": render(key.expires_at),
        "lastUsedAt": render(key.last_used_at),
        "createdAt": render(key.created_at),
    }


def _whose(actor: Actor) -> int | None:
    return None if actor.role == ROOT else actor.key


def _check_names(values: Mapping[str, Any]) -> Iterator[Complaint]:
    for name in values:
        if name not in _WRITABLE:
            message = f"'{name}' is not a field of '{API_KEYS}'.{did_you_mean(str(name), _WRITABLE)}"
            yield Complaint(Code.UNKNOWN_FIELD, message, (name,))


def _check(values: Mapping[str, Any], actor: Actor) -> Iterator[Complaint]:
    if "name" in values:
        yield from check_text("name", values["name"])
    if _role(values.get("role"), actor) not in actor.roles:
        yield Complaint(Code.BAD_VALUE, f"'role' must be one of {', '.join(actor.roles)}.", ("role",))
    if not _is_span(values.get("expiresIn")):
        message = "'expiresIn' is 'never', or a number of hours, days or years such as '12h', '30d' and '1y'."
        yield Complaint(Code.BAD_VALUE, message, ("expiresIn",))


def _role(given: Any, actor: Actor) -> Any:
    """The name of a role. NocoBase's clients send the role as an object."""
    if given is None:
        return actor.role
    return given.get("name") if isinstance(given, Mapping) and given.keys() == {"name"} else given


def _is_span(given: Any) -> bool:
    return given is None or given == NEVER or (isinstance(given, str) and _span(given) is not None)


def _span(text: str) -> timedelta | None:
    """How long a key is good for.

    >>> _span("30d"), _span("2y"), _span("0d"), _span("99999y")
    (datetime.timedelta(days=30), datetime.timedelta(days=730), None, None)
    """
    found = _SPAN.fullmatch(text)
    span = timedelta(hours=int(found[1]) * _HOURS[found[2]]) if found else None
    return span if span and span <= _LONGEST else None


def _expiry(given: str | None, now: datetime) -> datetime | None:
    span = None if given is None or given == NEVER else _span(given)
    return None if span is None else now + span


def _number(key: Any) -> int:
    text = str(key)
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) < 2**31):
        raise refuse(Code.BAD_KEY, f"The key of '{API_KEYS}' is a number.", "filterByTk")
    return int(text)
