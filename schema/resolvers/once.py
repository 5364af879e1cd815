"""Makes a write of ours one that may come again: whoever may do it gets the first answer, and nothing is done twice."""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from engine.data.unit import after_commit
from schema import audit
from schema.context import Context
from schema.permissions import API_KEYS, Verb, require

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

_WHO = frozenset({"users", "roles", API_KEYS})
"""What decides who somebody is and what they may do. It counts from the next request on."""

Resolver: TypeAlias = Callable[Concatenate[Context, Given], Coroutine[Any, Any, Answer]]


def once(
    collection: str, verb: Verb, action: str | None = None
) -> Callable[[Resolver[Given, Answer]], Resolver[Given, Answer]]:
    """For resolvers that write in units of work, take the grant to do so and answer JSON values.

    What they do is administration, so the audit tells it, as an `action` that is called like the verb if not otherwise.
    """
    name = f"{collection}:{action or verb.value}"

    def decorate(write: Resolver[Given, Answer]) -> Resolver[Given, Answer]:
        async def told(context: Context, /, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
            answer = await write(context, *args, **kwargs)
            target, fields = _what(context, collection, answer, args)
            after_commit(partial(audit.done, context, name, target, fields=fields))
            if collection in _WHO:
                after_commit(context.engine.accounts.forget)
            return answer

        @wraps(write)
        async def written(context: Context, /, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
            # Before what was answered is told again: the grant may have been taken away since.
            require(context.actor, collection, verb)
            work = partial(told, context, *args, **kwargs)
            if context.terms.repetition is None:
                return await work()
            answer: Answer = await context.engine.repetitions.once(context.terms.repetition, work)
            return answer

        return written

    return decorate


def _what(context: Context, collection: str, answer: Any, given: tuple[Any, ...]) -> tuple[Any, list[str] | None]:
    """Which record it was, and the names of what was given for it: values are nobody's business."""
    key = "id" if collection == API_KEYS else context.engine.collections[collection].key.name
    target = answer[key] if isinstance(answer, Mapping) and key in answer else next(iter(given), None)
    named = next((value for value in given if isinstance(value, Mapping)), None)
    return target, sorted(named) if named is not None else None
