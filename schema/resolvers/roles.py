"""Creating, changing and ending roles: the documents that say what their holders may do."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.data import values as columns
from engine.data.collections import Collection
from engine.errors import Code, Complaint, raise_for, refuse
from engine.identity.directory import find_role, remove_role, unit_of_accounts, unit_without_twins
from engine.identity.roles import ROOT
from engine.outcomes import Record
from engine.system.models import Role
from schema.context import Context
from schema.permissions import Verb, check_grants, signed_in
from schema.powers import beyond, exceeds, refuse_beyond
from schema.resolvers.inputs import check_names, check_required, check_text, object_of
from schema.resolvers.once import once
from schema.resolvers.told import refuse_hidden, told

ROLES = "roles"

_WRITABLE = ("name", "title", "grants", "workflows")

LONGEST_NAME = 64

# Headers carry the name, and names that begin with an underline are kept for modes such as NocoBase's __union__.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@once(ROLES, Verb.CREATE)
async def create_role(context: Context, values: Any) -> Record:
    """A new role: `{name, grants, title?, workflows?}`; no workflows may be triggered when none are given."""
    actor = signed_in(context.actor)
    collection = context.engine.collections[ROLES]
    given = object_of(collection, values)
    raise_for([*check_required(given, ("name", "grants")), *_check(context, given, _WRITABLE)])
    if exceeds(actor, given["grants"], given.get("workflows", [])):
        raise beyond(actor, given["name"])
    async with unit_without_twins(Role, {"name": given["name"]}):
        role = await Role.create(**given)
    return await told(context, ROLES, record_of(role, collection))


@once(ROLES, Verb.UPDATE)
async def update_role(context: Context, name: Any, values: Any) -> Record:
    """New values for a role, but its name; its holders have them with their next request."""
    actor = signed_in(context.actor)
    collection = context.engine.collections[ROLES]
    given = object_of(collection, values)
    raise_for([*_check_key(name), *_check(context, given, _WRITABLE[1:])])
    async with unit_of_accounts():
        await refuse_hidden(context, ROLES, [name])
        role = await find_role(name)
        refuse_beyond(actor, [role])
        if role.name == ROOT and given.keys() - {"title"}:
            raise refuse(Code.FIELD_NOT_WRITABLE, f"The role '{ROOT}' may do everything, which cannot be changed.")
        role.update_from_dict(dict(given))
        # As it was, and as it shall be: neither the ends of those who may do more, nor new powers of one's own.
        refuse_beyond(actor, [role])
        await role.save()
    return await told(context, ROLES, record_of(role, collection))


@once(ROLES, Verb.DESTROY)
async def destroy_role(context: Context, name: Any) -> int:
    """The end of a role that nobody holds; answers how many ended."""
    actor = signed_in(context.actor)
    raise_for(_check_key(name))
    async with unit_of_accounts():
        await refuse_hidden(context, ROLES, [name])
        role = await find_role(name)
        refuse_beyond(actor, [role])
        await remove_role(role)
    return 1


def record_of(role: Role, collection: Collection) -> Record:
    """A role as it leaves."""
    return {field.name: columns.render(getattr(role, field.attribute)) for field in collection.readable}


def _check(context: Context, given: Mapping[str, Any], writable: tuple[str, ...]) -> Iterator[Complaint]:
    collections = context.engine.collections
    yield from check_names(given, writable, collections[ROLES])
    if "name" in given and "name" in writable:
        yield from _check_name(given["name"])
    if given.get("title") is not None:
        yield from check_text("title", given["title"])
    yield from check_grants(
        given.get("grants", {}), given.get("workflows", []), collections, context.engine.catalog.knows
    )


def _check_name(value: Any) -> Iterator[Complaint]:
    if faults := list(check_text("name", value)):
        yield from faults
    elif not _NAME.fullmatch(value):
        yield Complaint(Code.BAD_VALUE, "'name' has 1 to 64 letters, digits, - and _ alone.", ("name",))


def _check_key(name: Any) -> Iterator[Complaint]:
    if list(check_text("name", name, LONGEST_NAME)):
        yield Complaint(Code.BAD_KEY, "The key of 'roles' is the name of one.", ("filterByTk",))
