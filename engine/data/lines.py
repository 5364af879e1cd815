"""Keeps a line open on which somebody listens: whatever breaks it, it is opened anew."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from engine.data.availability import refusal_of

RETRY_SECONDS = 0.5

LineT = TypeVar("LineT")


async def keep_open(
    opened: Callable[[], AbstractAsyncContextManager[LineT]],
    talk: Callable[[LineT], Awaitable[None]],
    *,
    whom: str,
    log: logging.Logger,
    back: Callable[[], None],
    wanted: Callable[[], bool] = lambda: True,
) -> None:
    """Talk on a line for as long as one is `wanted`, which is asked before each is opened.

    `whom` nobody hears meanwhile is told once for each absence, and `back` is called when it is over.
    """
    away = False
    while wanted():
        try:
            async with opened() as line:
                if away:
                    back()
                away = False
                await talk(line)
        except Exception as error:
            if not away:
                ours = refusal_of(error) is None
                log.warning("%s are not heard, trying again: %s", whom, error, exc_info=ours)
            away = True
            # Not all at the same moment: a server that comes back has much to do.
            await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1))  # noqa: S311 - no secret
