"""Keeps the database that a first start makes, so that later versions show that they can take it over.

To be run once for each release, at its commit, on both kinds of database:
`python -m tests.releases.export` and `BANGPATH_TEST_DATABASE_URL=postgres://… python -m tests.releases.export`.
"""

import asyncio
import tempfile
from pathlib import Path

from api.app import open_service
from api.settings import Settings
from api.version import VERSION
from tests.databases import SERVER, address, databases_in
from tests.releases.database import dump
from tests.releases.test_releases import PASSWORD, RELEASES, SECRET


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        databases = databases_in(Path(folder))
        database = await databases.empty()
        settings = Settings(
            home=Path(folder), secret=SECRET, root_password=PASSWORD, database_url=address(database), models=SAMPLE
        )
        async with open_service(settings, working=False):
            pass
        written = RELEASES / f"{VERSION}.{'postgres' if SERVER else 'sqlite'}.sql"
        written.write_text(await dump(database) + "\n")
        await databases.drop(database)
        print(written)


SAMPLE = ("schema.sample.models",)

if __name__ == "__main__":
    asyncio.run(main())
