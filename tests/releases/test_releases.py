"""Migrations lead to the models, from an empty database and from that of every release."""

from pathlib import Path

import httpx
import pytest
from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector

from api.app import open_service
from api.settings import Settings
from engine.database import close_database, configuration, open_database
from tests.databases import SERVER, MakeDatabase, address
from tests.releases.database import load, schema

SAMPLE = "schema.sample.models"
RELEASES = Path(__file__).parent
DUMPS = sorted(RELEASES.glob("*.postgres.sql" if SERVER else "*.sqlite.sql"))
PASSWORD = "correct horse"
SECRET = "a secret that is long enough for everybody"


def test_there_is_a_release_to_come_from() -> None:
    assert DUMPS


@pytest.mark.parametrize("dump", [dump.read_text() for dump in DUMPS], ids=[dump.name for dump in DUMPS])
async def test_the_database_of_a_release_becomes_that_of_this_version(dump: str, make_database: MakeDatabase) -> None:
    old, new = await make_database(), await make_database(SAMPLE)
    await load(old, dump)
    await open_database(old, [SAMPLE])
    await close_database()

    assert await schema(new) == await schema(old)


@pytest.mark.parametrize("dump", [dump.read_text() for dump in DUMPS], ids=[dump.name for dump in DUMPS])
async def test_the_content_of_a_release_is_served(dump: str, make_database: MakeDatabase, tmp_path: Path) -> None:
    database = await make_database()
    await load(database, dump)
    settings = Settings(home=tmp_path, secret=SECRET, database_url=address(database))
    async with open_service(settings) as service:
        transport = httpx.ASGITransport(service.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            signed_in = await client.post("/api/auth:signIn", json={"username": "root", "password": PASSWORD})
            headers = {"Authorization": f"Bearer {signed_in.json()['data']['token']}"}
            posts = await client.get("/api/posts:list?appends=category,tags,comments,author", headers=headers)
            written = await client.post("/api/posts:create", json={"title": "new"}, headers=headers)

    assert ["A write that fires a workflow", "A post without a category"] == [
        post["title"] for post in posts.json()["data"]
    ]
    assert 200 == written.status_code
    assert ["post-audit"] == [each["key"] for each in written.json()["meta"]["workflows"]]


async def test_a_second_start_changes_nothing(make_database: MakeDatabase) -> None:
    database = await make_database(SAMPLE)
    before = await schema(database)
    await open_database(database, [SAMPLE])
    await close_database()

    assert before == await schema(database)


async def test_the_models_have_nothing_that_no_migration_makes(make_database: MakeDatabase) -> None:
    database = await make_database(SAMPLE)
    await open_database(database, [SAMPLE])
    try:
        assert Tortoise.apps is not None
        apps = configuration(database, [SAMPLE])["apps"]
        changes = await MigrationAutodetector(Tortoise.apps, apps).changes()
    finally:
        await close_database()

    assert [] == changes
