"""What a write starts is handed over before the commit, so that it runs although the write may be undone."""

from collections.abc import Callable

from engine.workflow import dispatcher


def plant() -> None:
    def at_once(callback: Callable[[], None]) -> None:
        callback()

    dispatcher.after_commit = at_once
