"""Keeps the database that a first start makes, so that later versions show that they can take it over.

To be run once for each release, at its commit, on both kinds of database:
`python -m tests.releases.export` and `BANGPATH_TEST_DATABASE_URL=postgres://… python -m tests.releases.export`.
From then on the migrations there are stay as they are, and what changes is a new one.
"""

import asyncio
import tempfile
from pathlib import Path

from api.version import VERSION
from tests.databases import SERVER, databases_in
from tests.releases.database import dump
from tests.releases.first_start import fill


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        databases = databases_in(Path(folder))
        database = await databases.empty()
        await fill(database, Path(folder))
        written = Path(__file__).with_name(f"{VERSION}.{'postgres' if SERVER else 'sqlite'}.sql")
        written.write_text(await dump(database) + "\n")
        await databases.drop(database)
        print(written)


if __name__ == "__main__":
    asyncio.run(main())
