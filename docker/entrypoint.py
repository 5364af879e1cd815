"""What a container begins with: waits until its database can be reached, then becomes the command that was given.

Migrating is the first step of every command, in which those that start at once take turns. A database that is not there
in time is told by the command, in its own words.
"""

import asyncio
import os
import sys
import time

import asyncpg

from engine.database import is_postgres, shown

SECONDS = 60
PAUSE = 0.5
MISSING = (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError, asyncpg.InvalidCatalogNameError)


async def is_there(address: str) -> bool:
    """Whether the database takes a connection, or has another reason not to than that it is not there yet."""
    try:
        connection = await asyncpg.connect(address, timeout=5)
    except MISSING:
        return False
    except (asyncpg.PostgresError, asyncpg.InterfaceError):
        return True
    await connection.close()
    return True


def wait_for(address: str) -> None:
    """Until the database is there, or has been waited for long enough."""
    end = time.monotonic() + SECONDS
    told = False
    while time.monotonic() < end and not asyncio.run(is_there(address)):
        if not told:
            sys.stderr.write(f"bangpath: waiting for {shown(address)}\n")
            told = True
        time.sleep(PAUSE)


if __name__ == "__main__":
    if is_postgres(database := os.environ.get("BANGPATH_DATABASE_URL", "")):
        wait_for(database)
    # In the same process, so the signal that ends a container reaches the service.
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - what the image or its user has given, no text of others
