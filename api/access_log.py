"""Keeps query strings out of uvicorn's own lines, whatever happened to the request before `Authentication` saw it."""

import logging

LOGGERS = ("uvicorn.access", "uvicorn.error", "uvicorn.asgi")


class WithoutQuery(logging.Filter):
    """Cuts the query string off every path in a line.

    `Authentication` takes tokens out of the query string before the line is written; this is for requests that
    never reach it (uvicorn answers 503 by itself when it is full) and for misspelt names of the parameter.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_cut(argument) for argument in record.args)
        return True


def keep_queries_out() -> None:
    """Put the filter on uvicorn's loggers; to be called once, before the server is run."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(present, WithoutQuery) for present in logger.filters):
            logger.addFilter(WithoutQuery())


def _cut(argument: object) -> object:
    if isinstance(argument, str) and argument.startswith("/"):
        return argument.partition("?")[0]
    if isinstance(argument, dict) and "query_string" in argument:
        return {**argument, "query_string": b""}
    return argument
