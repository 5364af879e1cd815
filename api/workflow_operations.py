"""The actions on workflows, on their executions, and on what a request or a record has had run."""

from types import MappingProxyType

from api import answers, params
from api.answers import Body
from api.operations import Asked, Operations, listing, reading
from api.own_operations import creates, key_of, keyed, members_of, updates
from api.shapes import answers as shapes
from api.shapes import records, system
from engine.errors import raise_for
from schema.resolvers import history, interventions, workflows

EXECUTIONS = "executions"


async def _revise_workflow(asked: Asked) -> Body:
    key = key_of(asked)
    members_of(asked)
    return answers.data(await workflows.revise(asked.context, key))


async def _execute_workflow(asked: Asked) -> Body:
    key = key_of(asked)
    given = members_of(asked, "data")
    return answers.data(await workflows.execute(asked.context, key, given.get("data")))


async def _destroy_workflow(asked: Asked) -> Body:
    key = key_of(asked)
    raise_for(asked.params.complaints)
    return answers.data(await workflows.destroy(asked.context, key, asked.params.every))


async def _cancel_execution(asked: Asked) -> Body:
    key = key_of(asked)
    members_of(asked)
    return answers.data(await interventions.cancel(asked.context, key))


async def _rerun(asked: Asked) -> Body:
    """By key one, as a record; by filter many, as a list."""
    if asked.params.keys:
        key = key_of(asked)
        given = members_of(asked, "fromNode", "version")
        again = interventions.rerun(asked.context, key, given.get("fromNode"), given.get("version"))
        return answers.data(await again)
    given = members_of(asked, "version")
    return answers.data(await interventions.rerun_many(asked.context, asked.params.filter, given.get("version")))


async def _request(asked: Asked) -> Body:
    key = key_of(asked)
    raise_for(asked.params.complaints)
    return answers.data(await history.of_request(asked.context, key))


async def _executions_of_record(asked: Asked) -> Body:
    assert asked.owner is not None, "the path names the record"
    page = await history.of_record(asked.context, asked.owner.collection, asked.owner.key, listing(asked))
    return answers.page(page, paginate=asked.params.paginate)


OF_REQUESTS: Operations = MappingProxyType(
    {
        "get": reading(
            _request,
            "filterByTk",
            about="What a request has caused, by its X-Request-Id",
            answer=shapes.data(system.request_history),
        )
    }
)

OF_WORKFLOWS: Operations = MappingProxyType(
    {
        "create": creates(workflows.create),
        "update": updates(workflows.update),
        "revision": keyed(
            _revise_workflow,
            about="A disabled copy of a version, as the next of its key",
            body=system.no_members,
            answer=records.record,
        ),
        "execute": keyed(
            _execute_workflow,
            about="Run a version by hand; answers the execution",
            body=system.handed,
            answer=shapes.of("executions", records.record),
        ),
        "destroy": keyed(
            _destroy_workflow,
            "all",
            about="End a version, or all of its key",
            body=None,
            answer=shapes.number,
        ),
    }
)

OF_EXECUTIONS: Operations = MappingProxyType(
    {
        "cancel": keyed(
            _cancel_execution,
            about="End one that has not ended yet",
            body=system.no_members,
            answer=records.record,
        ),
        "rerun": keyed(
            _rerun,
            "filter",
            about="Run again what has ended, as new executions: one by its key, or at most 100 by a filter",
            body=system.again,
            answer=shapes.one_or_many,
        ),
    }
)

HISTORY: Operations = MappingProxyType(
    {
        "list": reading(
            _executions_of_record,
            *params.LIST,
            about="What ran on a record",
            answer=shapes.of(EXECUTIONS, shapes.page),
        )
    }
)
"""What can be asked of the executions of one record, as if they were a relation of it."""
