"""Saving, revising, ending workflows and running them by hand; what they did is read like any other record."""

from collections.abc import Mapping
from typing import Any

from engine.actions import GetRecord
from engine.data.plans import parse_key
from engine.errors import Code, raise_for, refuse
from engine.outcomes import Record
from schema import audit
from schema.context import Context
from schema.permissions import Verb, require
from schema.resolvers.inputs import object_of
from schema.resolvers.once import once
from schema.resolvers.told import hidden_of, refuse_hidden, told

WORKFLOWS = "workflows"
EXECUTIONS = "executions"


@once(WORKFLOWS, Verb.CREATE)
async def create(context: Context, values: Any) -> Record:
    """A new workflow `{key?, title, type, sync?, enabled?, config, options?, nodes?}`, validated whole."""
    given = _object(context, values)
    if given.get("enabled") is True:
        # Who may save workflows and not enable them needs somebody else who does.
        require(context.actor, WORKFLOWS, Verb.UPDATE)
    row = await context.engine.versions.create(given)
    return await _read(context, WORKFLOWS, row.id)


@once(WORKFLOWS, Verb.UPDATE)
async def update(context: Context, key: Any, values: Any) -> Record:
    """New values for a version; enabling it disables its sisters."""
    row = await context.engine.versions.update(await _seen(context, key), _object(context, values))
    return await _read(context, WORKFLOWS, row.id)


@once(WORKFLOWS, Verb.CREATE, "revision")
async def revise(context: Context, key: Any) -> Record:
    """A disabled copy of a version, as the next one of its key."""
    row = await context.engine.versions.revise(await _seen(context, key))
    return await _read(context, WORKFLOWS, row.id)


@once(WORKFLOWS, Verb.DESTROY)
async def destroy(context: Context, key: Any, every: bool) -> int:
    """The end of a version, or with `every` of all of its key and their history; answers how many versions ended."""
    version = await _seen(context, key)
    if every and await hidden_of(context, WORKFLOWS, await context.engine.versions.sisters(version)):
        raise refuse(Code.NO_PERMISSION, "Your role may not end all versions of this key: end those that it sees.")
    return await context.engine.versions.destroy(version, every=every)


async def execute(context: Context, key: Any, data: Any) -> Record:
    """Run a version by hand on a record's key or an object; answers the execution.

    Those that run as system have its power, so this takes the grant to change them.
    """
    actor = require(context.actor, WORKFLOWS, Verb.UPDATE)
    version = await _seen(context, key)
    execution = await context.engine.by_hand.execute(version, data, actor, context.request_id, context.terms)
    audit.done(context, f"{WORKFLOWS}:execute", key, execution=execution)
    return await _read(context, EXECUTIONS, execution)


def _object(context: Context, values: Any) -> Mapping[str, Any]:
    return object_of(context.engine.collections[WORKFLOWS], values)


async def _seen(context: Context, given: Any) -> int:
    """The number of a version that the role sees."""
    key, faults = parse_key(context.engine.collections[WORKFLOWS], given)
    raise_for(faults)
    await refuse_hidden(context, WORKFLOWS, [key])
    return int(key)


async def _read(context: Context, collection: str, key: int) -> Record:
    """The record as it leaves. The grant to write was checked; its answer needs no other one."""
    return await told(context, collection, await context.engine.records.get(GetRecord(collection=collection, key=key)))
