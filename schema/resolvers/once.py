"""Makes a write of ours one that may come again: whoever may do it gets the first answer, and nothing is done twice."""

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from schema.context import Context
from schema.permissions import Verb, require

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

Resolver: TypeAlias = Callable[Concatenate[Context, Given], Coroutine[Any, Any, Answer]]


def once(collection: str, verb: Verb) -> Callable[[Resolver[Given, Answer]], Resolver[Given, Answer]]:
    """For resolvers that write in units of work, take the grant to do so and answer JSON values."""

    def decorate(write: Resolver[Given, Answer]) -> Resolver[Given, Answer]:
        @wraps(write)
        async def written(context: Context, /, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
            # Before what was answered is told again: the grant may have been taken away since.
            require(context.actor, collection, verb)
            work = partial(write, context, *args, **kwargs)
            if context.terms.repetition is None:
                return await work()
            answer: Answer = await context.engine.repetitions.once(context.terms.repetition, work)
            return answer

        return written

    return decorate
