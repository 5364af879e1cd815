"""One database, a sink, and the processes over them: what a run of faults is about."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from tests.conftest import SECRET
from tests.faults.clients import Clients, Send, create
from tests.faults.database import Database
from tests.faults.history import History
from tests.faults.nemesis import Nemesis, Victim
from tests.faults.oracle import WATCHED, Verdict, judge
from tests.faults.points import arm
from tests.faults.sink import Sink
from tests.process.served import ROOT, Served, environment, until

LEASE = 2.0
"""Seconds; shorter than by default, so that a run shows many takings over."""
TAKEN_OVER = LEASE + 5
"""Seconds within which somebody goes on with what a process had in its hands; where tests run, more are given."""
LAUNCH = (sys.executable, "-P", "-m", "tests.faults.launch")
# What is promised about faults is not about rates.
SETTINGS = {
    "secret": SECRET,
    "private_networks": "127.0.0.1/32",
    "address_rate": "0",
    "user_rate": "0",
    "user_rows": "0",
}


class Working:
    """A worker: a process that runs executions and answers nobody."""

    def __init__(self, home: Path, launch: Sequence[str], settings: dict[str, str]) -> None:
        self._errors = home.with_suffix(".err")
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*launch, "worker"], cwd=ROOT, env=environment(home, settings), stderr=errors, stdout=subprocess.DEVNULL
            )

    @property
    def errors(self) -> str:
        return self._errors.read_text()


class Site:
    """What follows from chance follows from the `seed`, which is printed with the run."""

    def __init__(self, folder: Path, database_url: str, seed: int) -> None:
        self.folder = folder
        self.random = Random(seed)
        self.database = Database(database_url)
        self.database.watch()
        self.history = History(folder / "history.jsonl")
        self.sink = Sink(folder)
        self.nemesis = Nemesis(self.random, self.history)
        self.services: list[Served] = []
        self.workers: list[Working] = []
        self._started: list[Served | Working] = []
        self._first: Served | None = None
        self._last = ""
        self._armed = folder / "armed"

    def serve(self, *launch: str, lease: float = LEASE, **settings: Any) -> Served:
        """Start a service; `launch` is what the launcher is told, `settings` are in small letters."""
        served = Served(self._home(), bangpath=self._launch(launch, lease), **self._settings(settings))
        self.services.append(served)
        self._started.append(served)
        self._first = self._first or served
        return served

    def work(self, *launch: str, lease: float = LEASE, **settings: Any) -> Working:
        """Start a worker, which PostgreSQL alone has; it takes executions some time later."""
        working = Working(self._home(), self._launch(launch, lease), self._settings(settings))
        self.workers.append(working)
        self._started.append(working)
        return working

    def kill(self, victim: Victim) -> None:
        """End a process at once; nobody writes to it any more."""
        self.gone(victim)
        self.nemesis.kill(victim)

    def stop(self, victim: Victim) -> None:
        """Have a process stand still; nobody writes to it any more. On SQLite not in a transaction, see `is_free`."""
        self.gone(victim)
        self.nemesis.stop(victim)
        while not self.database.is_free():
            self.nemesis.go_on(victim)
            self.nemesis.rest(0.2, 1.0)
            self.nemesis.stop(victim)

    def gone(self, victim: Victim) -> None:
        """Count no more on a process."""
        self.services = [each for each in self.services if each is not victim]
        self.workers = [each for each in self.workers if each is not victim]

    def arm(self, at: str, nth: int = 1, do: str = "kill") -> None:
        """Have one of the processes struck at a point, see `points.py`; they all may be the one."""
        arm(self._armed, at, nth, do)

    @property
    def is_armed(self) -> bool:
        """Whether nobody has come to that point yet."""
        return self._armed.exists()

    def url(self) -> str:
        """Where to write: one of the services that are there, or where the last one was."""
        if self.services:
            self._last = self.random.choice(self.services).url
        return self._last

    def save(self, workflow: dict[str, Any]) -> Any:
        return self.services[0].post("workflows:create", workflow)

    def clients(self, count: int = 4, send: Send = create) -> Clients:
        """Clients of whichever service is there, as root."""
        assert self._first is not None, "somebody has been there"
        return Clients(self.history, dict(self._first.client.headers), self.url, count, send)

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until every execution has ended, for `seconds` at most; what has not is for the oracle to tell."""
        try:
            until(self.database.is_settled, seconds, pause=0.1)
        except AssertionError:
            self.history.note("nemesis", "gave up waiting")

    def judge(self) -> Verdict:
        return judge(self.history, self.database, self.sink.deliveries)

    def close(self) -> None:
        """End everything; logs and the history stay where pytest keeps them."""
        for each in self._started:
            if isinstance(each, Served):
                each.client.close()
            each.process.kill()
            each.process.wait()
        self.sink.close()
        self.history.close()

    def _home(self) -> Path:
        return self.folder / f"home{len(self._started) + 1}"

    def _launch(self, launch: Sequence[str], lease: float) -> tuple[str, ...]:
        return (*LAUNCH, "--lease", str(lease), "--armed", str(self._armed), *launch)

    def _settings(self, settings: dict[str, Any]) -> dict[str, str]:
        return {**SETTINGS, "database_url": self.database.address, **settings}


def watched(url: str, *, nodes: Sequence[str] = ("before", "tell", "after"), **changed: Any) -> dict[str, Any]:
    """A workflow that leaves a note, tells the sink at `url`, and leaves another note."""
    title = "{{$context.data.title}}"
    known = {
        "before": _note("before", title),
        "tell": {
            "key": "tell",
            "type": "request",
            "config": {"method": "POST", "url": url, "json": {"op": title}},
            # Sync ones are not attempted again, and may not say so.
            **({} if changed.get("sync") else {"retry": {"attempts": 5, "seconds": 0.2}}),
        },
        "after": _note("after", title),
    }
    return {
        "key": WATCHED,
        "title": "Watched",
        "type": "action",
        "enabled": True,
        "config": {"collection": "posts"},
        "nodes": [known[name] for name in nodes],
        **changed,
    }


def _note(key: str, title: str) -> dict[str, Any]:
    return {"key": key, "type": "create", "config": {"collection": "notes", "values": {"text": f"{key} {title}"}}}
