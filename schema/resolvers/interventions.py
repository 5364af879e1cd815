"""Ending executions before their time, and running them again; the same for both doors."""

from typing import Any

from engine.actions import GetRecord, ListRecords
from engine.data.filters import did_you_mean
from engine.data.plans import parse_key
from engine.errors import Code, raise_for, refuse
from engine.outcomes import Page, Record
from engine.workflow.executions import Version
from schema.context import Context
from schema.permissions import Verb, require, signed_in
from schema.resolvers.once import once
from schema.resolvers.records import resolve
from schema.resolvers.told import refuse_hidden, told

EXECUTIONS = "executions"
AT_ONCE = 100


@once(EXECUTIONS, Verb.UPDATE, "cancel")
async def cancel(context: Context, key: Any) -> Record:
    """The end of an execution that has not ended yet."""
    actor = require(context.actor, EXECUTIONS, Verb.UPDATE)
    execution = _key(context, key)
    await refuse_hidden(context, EXECUTIONS, [execution])
    await context.engine.executions.cancel(execution, actor)
    return await _read(context, execution)


async def rerun(context: Context, key: Any, node: Any = None, version: Any = None) -> Record:
    """A new execution of what an ended one was started with, whole or from a node on."""
    [execution] = await _rerun(context, [key], node, version)
    return await _read(context, execution)


async def rerun_many(context: Context, filter: Any, version: Any = None) -> list[Record]:
    """New executions for all that a filter finds, at most 100: of those the caller may see."""
    require(context.actor, EXECUTIONS, Verb.UPDATE)
    if not filter:
        raise refuse(Code.FILTER_REQUIRED, "Say which executions to run again: give a key, or a filter.", "filter")
    wanted = ListRecords(collection=EXECUTIONS, filter=filter, sort=("id",), page_size=AT_ONCE + 1, paginate=False)
    found: Page = await resolve(context, wanted)
    if len(found.records) > AT_ONCE:
        raise refuse(Code.BAD_FILTER, f"More than {AT_ONCE} executions are found: run fewer again at a time.", "filter")
    made = await _rerun(context, [record["id"] for record in found.records], None, version)
    return [await _read(context, execution) for execution in made]


async def _rerun(context: Context, keys: list[Any], node: Any, version: Any) -> list[int]:
    made: list[int] = await _insert(context, keys, node, version)
    if context.terms.wait is not None:
        await context.engine.executions.wait(made, context.terms.wait)
    return made


@once(EXECUTIONS, Verb.UPDATE, "rerun")
async def _insert(context: Context, keys: list[Any], node: Any, version: Any) -> list[int]:
    if node is not None and not isinstance(node, str):
        raise refuse(Code.BAD_VALUE, "'fromNode' is the key of a node.", "fromNode")
    executions = [_key(context, key) for key in keys]
    await refuse_hidden(context, EXECUTIONS, executions)
    actor = signed_in(context.actor)
    return await context.engine.executions.rerun(executions, _version(version), node, actor, context.request_id)


def _version(given: Any) -> Version:
    if given is None:
        return Version.ORIGINAL
    if given in list(Version):
        return Version(given)
    hint = did_you_mean(str(given), list(Version))
    raise refuse(Code.BAD_VALUE, f"'version' is one of {', '.join(Version)}.{hint}", "version")


def _key(context: Context, given: Any) -> int:
    key, faults = parse_key(context.engine.collections[EXECUTIONS], given)
    raise_for(faults)
    return int(key)


async def _read(context: Context, key: int) -> Record:
    """The record as it leaves. The grant to write was checked; its answer needs no other one."""
    return await told(context, EXECUTIONS, await context.engine.records.get(GetRecord(collection=EXECUTIONS, key=key)))
