"""Writes `docs/schema.graphql`, the GraphQL schema of the sample: `python -m tests.schema.graphql.export`."""

import asyncio

from schema.build import build_schema
from tests.schema.graphql.conftest import collections_of
from tests.schema.graphql.test_build import SDL


async def export() -> None:
    async with collections_of("schema.sample.models") as collections:
        SDL.write_text(build_schema(collections).as_str() + "\n")


asyncio.run(export())
