"""The order of records: the same on every database, whatever language it sorts by."""

import pytest

from engine.actions import ListRecords
from engine.data.records import Records
from schema.sample.models import Note, Post
from tests.shop import Coupon

WORDS = ["B", "_", "a", "b", "b a", "ba", "Ä", "É", "ß", "Ω"]


async def order(collections, collection: str, *sort: str, field: str) -> list[object]:
    page = await Records(collections).page(ListRecords(collection=collection, sort=sort, page_size=100))
    return [record[field] for record in page.records]


@pytest.mark.parametrize("sign", ["", "-"])
async def test_texts_follow_their_code_points_and_nulls_come_last(sample, sign):
    for word in [*reversed(WORDS), None]:
        await Note.create(text=word)
    wanted = sorted(WORDS, reverse=bool(sign))

    assert [*wanted, None] == await order(sample, "notes", f"{sign}text", field="text")


async def test_the_key_breaks_ties(sample):
    keys = [(await Post.create(title="same", read_count=n % 2)).id for n in range(4)]

    assert keys == await order(sample, "posts", "title", field="id")
    assert [keys[1], keys[3], keys[0], keys[2]] == await order(sample, "posts", "-readCount", field="id")
    assert keys[::-1] == await order(sample, "posts", "title", "-id", field="id")


async def test_a_key_that_is_a_text_follows_its_code_points_too(shop):
    for word in reversed(WORDS):
        await Coupon.create(code=word)

    assert WORDS == await order(shop, "coupons", field="code")
