"""Migrations lead to the models, from an empty database and from that of every release."""

from pathlib import Path

import httpx
import pytest
from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector

from api.app import open_service
from engine.database import close_database, configuration, open_database
from tests.databases import SERVER, MakeDatabase
from tests.releases.database import dump, load, schema
from tests.releases.first_start import PASSWORD, fill, settings_of

SAMPLE = "schema.sample.models"
KEPT = sorted(Path(__file__).parent.glob("*.postgres.sql" if SERVER else "*.sqlite.sql"))
THIS = "this version"


@pytest.fixture(params=[*KEPT, THIS], ids=lambda release: getattr(release, "name", release))
async def left(request: pytest.FixtureRequest, make_database: MakeDatabase, tmp_path: Path) -> str:
    """A database as a release has left it; that of this version is dumped too, so that its release can be kept."""
    if request.param is THIS:
        filled = await make_database()
        await fill(filled, tmp_path)
        script = await dump(filled)
    else:
        script = request.param.read_text()
    database = await make_database()
    await load(database, script)
    return database


async def test_it_becomes_that_of_this_version(left: str, make_database: MakeDatabase) -> None:
    new = await make_database(SAMPLE)
    await open_database(left, [SAMPLE])
    await close_database()

    assert await schema(new) == await schema(left)


async def test_its_content_is_served(left: str, tmp_path: Path) -> None:
    async with open_service(settings_of(left, tmp_path)) as service, service.running():
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

    assert before
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
