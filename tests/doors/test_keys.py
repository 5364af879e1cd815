"""Keys in paths, however they are spelt: each names the record it says, or none; and where a bad one is told to be."""

from typing import Any

import httpx
import pytest

from tests.conftest import SHOP

ODD = ["a/b", "ä", "a b", "a%2Fb", "a:b", "..", ".", "a?b=c", "a#b", "a+b", "%", "'; DROP TABLE products; --", "😀"]


@pytest.fixture
def changed() -> dict[str, Any]:
    return {"models": SHOP}


@pytest.fixture
def root(client: httpx.AsyncClient, token: str) -> httpx.AsyncClient:
    client.headers["Authorization"] = f"Bearer {token}"
    return client


@pytest.mark.parametrize("key", ODD)
@pytest.mark.parametrize(
    "spelling", ["/api/products/{key}", "/api/products:get/{key}", "/api/products:get?filterByTk={key}"]
)
async def test_any_text_is_a_key_when_it_is_encoded(root, door, key, spelling):
    await door.create("products", {"sku": key, "price": "1"})
    encoded = "".join(f"%{byte:02X}" for byte in key.encode())
    answer = await root.get(spelling.format(key=encoded))

    assert (200, key) == (answer.status_code, answer.json()["data"]["sku"])


@pytest.mark.parametrize(
    "path",
    [
        *("products/%FC", "products:get/%ff", "products/%C3", "%FC:list", "products%FC"),
        *("products%2Fa", "%2Fproducts", "products:get%2Fa", "shop_customers%2F1%2Faddress:get"),
        *("products/", "products//a", "/products", "products:list/", "Products", "products:LIST", "products::list"),
        *("products:list:get", ":list", "products:", "products/a/b/c/d"),
    ],
)
async def test_spellings_that_name_nothing(root, path):
    answer = await root.request("GET", f"/api/{path}")

    assert (404, "NOT_FOUND") == (answer.status_code, answer.json()["errors"][0]["code"])


@pytest.mark.parametrize("path", ["/api%2Fproducts", "/%61pi/products%3Alist", "/API/products", "//api/products"])
async def test_prefixes_that_are_spelt_otherwise_are_no_way_around_the_identification(client, path):
    answer = await client.get(path)

    assert answer.status_code in (401, 404)
    assert "data" not in answer.json()


@pytest.mark.parametrize("spelling", ["products%3Alist", "%70roducts:list", "products:%6Cist"])
async def test_letters_may_be_encoded(root, spelling):
    assert 200 == (await root.get(f"/api/{spelling}")).status_code


async def test_a_bad_key_is_told_where_it_was_sent(door):
    answer = await door.get("shop_customers", "no uuid")

    assert ["BAD_KEY"] == answer.codes
    assert [["filterByTk" if door.__class__.__name__ == "RestDoor" else "id"]] == [
        error["path"] for error in answer.errors
    ]
