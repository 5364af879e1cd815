"""Asks whether the process of this container can do its work; the exit code says so. The image has no curl.

`health.py` asks the service over HTTP, `health.py worker` asks the database when a worker was last heard of: it serves
nothing.
"""

import asyncio
import http.client
import os
import socket
import sys

import asyncpg

SECONDS = 5
# A worker says something every half a second.
SILENT_SECONDS = 15

# As engine/data/postgres.py calls the connection that each process keeps; a container's host name is its own.
NAME = f"bangpath {socket.gethostname()}"[:63]
HEARD = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1
    AND query_start > now() - make_interval(secs => $2)
"""


def service() -> str | None:
    """What is wrong with the service, None where it is ready."""
    port = int(os.environ.get("BANGPATH_PORT") or 3000)
    # Not urllib: it would ask the proxy that a container may be given for its way out.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/health/ready")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {error!r}"
    finally:
        connection.close()
    return None if status == http.client.OK else f"not ready: {status}"


async def worker() -> str | None:
    """What is wrong with the worker, None where the database hears of it."""
    try:
        async with asyncio.timeout(SECONDS):
            connection = await asyncpg.connect(os.environ["BANGPATH_DATABASE_URL"])
            heard = await connection.fetchval(HEARD, NAME, SILENT_SECONDS)
            await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return f"no database: {type(error).__name__}"
    return None if heard else f"not heard of for {SILENT_SECONDS} seconds"


if __name__ == "__main__":
    sys.exit(asyncio.run(worker()) if sys.argv[1:] == ["worker"] else service())
