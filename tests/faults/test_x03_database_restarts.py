"""X03: PostgreSQL goes and comes back, again and again: writers are told to come again, and nothing is lost."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tortoise.exceptions import DBConnectionError

from engine.data.postgres_executor import MOMENT
from engine.data.unit import connection, unit_of_work
from engine.database import close_database, open_database
from engine.system.models import Role
from tests.faults.clients import Send, attempt, create, graphql, rest
from tests.faults.cluster import Cluster
from tests.faults.conftest import Sizes, Tell
from tests.faults.oracle import percentile
from tests.faults.site import SETTINGS, Site, watched
from tests.process.served import Served, until


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path, seed: int) -> Iterator[Site]:
    """Over a server of its own."""
    given = {**SETTINGS, "database_url": cluster.address}
    assert 0 == Served(tmp_path / "first", **given).end(signal.SIGTERM)
    site = Site(tmp_path, cluster.address, seed)
    yield site
    site.close()


class Answers:
    """What clients were told, by status; and of the refusals how many did not say when to come again."""

    def __init__(self, send: Send = create) -> None:
        self.statuses: Counter[int] = Counter()
        self.silent = 0
        self._send = send

    def send(self, client: httpx.Client, url: str, op: str) -> httpx.Response:
        response = self._send(client, url, op)
        self.statuses[response.status_code] += 1
        self.silent += response.status_code == 503 and "retry-after" not in response.headers
        return response

    @property
    def failed(self) -> float:
        """In percent."""
        return 100 * (1 - self.statuses[200] / max(1, self.statuses.total()))


def test_a_database_that_restarts_costs_nobody_anything(site: Site, cluster: Cluster, sized: Sizes, tell: Tell) -> None:
    """Each restart while clients write; fast ones, and such as if the power had gone."""
    served, answers, back = site.serve(), Answers(), []
    site.save(watched(site.sink.url("/ok")))
    with site.clients(send=answers.send):
        end = time.monotonic() + sized(0, 600)
        for number in range(sized(3, 1000)):
            site.nemesis.rest(*((0.5, 1.5) if sized(0, 1) == 0 else (5, 40)))
            cluster.restart(site.random.choice(["fast", "immediate"]))
            back.append(first_success(site, number))
            if sized(0, 1) and time.monotonic() > end:
                break
    site.settle(sized(90, 1800))
    verdict = site.judge()
    tell(
        restarts=len(back),
        **{"failed %": f"{answers.failed:.1f}", "first success after p50": f"{percentile(back, 50):.2f} s"},
        p99=f"{percentile(back, 99):.2f} s",
        statuses=dict(answers.statuses),
        **verdict.figures,
    )

    assert {} == dict(verdict.broken)
    assert {200, 503} >= set(answers.statuses)
    assert 0 == answers.silent
    assert served.process.poll() is None


@pytest.mark.parametrize("send", [rest, graphql])
def test_an_outage_ends_by_itself(site: Site, cluster: Cluster, send: Send, sized: Sizes, tell: Tell) -> None:
    """Of 3 s, or of 60: whoever asks meanwhile is answered, and work goes on when the database is back."""
    served, answers = site.serve(), Answers(send)
    site.save(watched(site.sink.url("/ok")))
    with site.clients(send=answers.send) as clients:
        until(lambda: answers.statuses[200] > 5)
        cluster.stop()
        site.nemesis.rest(*((3, 3) if sized(0, 1) == 0 else (60, 60)))
        meanwhile = answers.statuses[503]
        cluster.start()
        back = first_success(site, 0)
        until(lambda: clients.answered)
    site.settle(sized(90, 1800))
    verdict = site.judge()
    tell(**{"failed %": f"{answers.failed:.1f}", "first success after": f"{back:.2f} s"}, **verdict.figures)

    assert {} == dict(verdict.broken)
    assert meanwhile
    assert 0 == answers.silent
    assert served.process.poll() is None


def first_success(site: Site, number: int) -> float:
    """Seconds from now until a write succeeds."""
    began = time.monotonic()
    served = site.services[0]
    writes = iter(range(10**6))

    def look() -> bool:
        answer = attempt(site.history, served.client, served.url, f"op-back-{number}-{next(writes)}")
        return answer is not None and answer.status_code == 200

    until(look, seconds=60, pause=0.05)
    return time.monotonic() - began


NAMED = f"pg_current_xact_id() || ' ' || {MOMENT}"
LOST = f"INSERT INTO roles (name, grants, workflows, created_at) VALUES ('x', '{{}}', '[]', now()) RETURNING {NAMED}"


async def test_a_number_that_another_has_after_a_crash_tells_nothing_of_ours(cluster: Cluster) -> None:
    """PostgreSQL counts on from what had reached its disk: who has our number then may well be committed."""
    # Else what nobody has committed may reach the disk all the same, or somebody else come before us afterwards.
    asked = await asyncpg.connect(cluster.address)
    await asked.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
    await asked.execute("ALTER SYSTEM SET autovacuum = off")
    await asked.close()
    await asyncio.to_thread(cluster.restart)
    await open_database(cluster.address, ["schema.sample.models"])
    try:
        await the_number_is_given_again(cluster)
    finally:
        await close_database()


async def the_number_is_given_again(cluster: Cluster) -> None:
    client: Any = connection()
    lost = await client.borrow()
    await lost.execute("BEGIN")
    ours = await lost.fetchval(LOST)
    await asyncio.to_thread(cluster.restart, "immediate")
    await client.give_back(lost, sound=False)
    assert "aborted" == await status_again(client, ours)

    async with unit_of_work():
        await Role.create(name="new")
        [row] = await connection().execute_query_dict(f"SELECT {NAMED} AS theirs")
    assert ours.split()[0] == row["theirs"].split()[0]
    assert ("aborted", "committed") == (await client.status_of(ours), await client.status_of(row["theirs"]))


async def status_again(client: Any, number: str) -> str:
    """As soon as a connection of the pool is none that the server has forgotten."""
    for _ in range(50):
        with suppress(DBConnectionError):
            return str(await client.status_of(number))
        await asyncio.sleep(0.1)
    raise AssertionError("the database has not come back")
