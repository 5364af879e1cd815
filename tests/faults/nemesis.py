"""Does to processes, by their ids, what machines and people do to them; what it does follows from a seed."""

import signal
import subprocess
import time
from random import Random
from typing import Any, Protocol

from tests.faults.history import History


class Victim(Protocol):
    """Whatever is a process: a service or a worker."""

    process: "subprocess.Popen[Any]"


class Nemesis:
    """Each deed is in the history. Only processes of the site are its victims."""

    def __init__(self, random: Random, history: History) -> None:
        self.random = random
        self._history = history

    def kill(self, victim: Victim) -> None:
        self._do("kill", signal.SIGKILL, victim)
        victim.process.wait()

    def stop(self, victim: Victim) -> None:
        """Have it stand still, with all that it holds."""
        self._do("stop", signal.SIGSTOP, victim)

    def go_on(self, victim: Victim) -> None:
        self._do("go on", signal.SIGCONT, victim)

    def end(self, victim: Victim) -> int:
        """Ask it to end, and tell how it did."""
        self._do("end", signal.SIGTERM, victim)
        return victim.process.wait(60)

    def rest(self, least: float, most: float) -> None:
        """Leave everybody in peace for a while."""
        time.sleep(self.random.uniform(least, most))

    def _do(self, deed: str, number: signal.Signals, victim: Victim) -> None:
        victim.process.send_signal(number)
        self._history.note("nemesis", deed, process=victim.process.pid)
