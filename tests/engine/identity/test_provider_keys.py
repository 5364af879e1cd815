"""The keys of an identity provider: how often it is asked, and what becomes of those that are known."""

import json

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from engine.errors import Code, Refusal
from engine.identity.provider_keys import MAX_AGE, MAX_BYTES, PAUSE, ProviderKeys

KEY = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)


def answer_of(body: bytes) -> httpx.Response:
    """One that is still to be read, as those from a network are."""
    return httpx.Response(200, stream=httpx.ByteStream(body))


class Provider(httpx.AsyncBaseTransport):
    """Answers with the keys of these names, or with what is put in their place."""

    def __init__(self) -> None:
        self.names = ["one"]
        self.answer: httpx.Response | None = None
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        body = {"keys": [{**KEY, "kid": name} for name in self.names]}
        return self.answer or answer_of(json.dumps(body).encode())


class Seconds:
    time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def keys(provider, seconds) -> ProviderKeys:
    return ProviderKeys("https://id.example.com/jwks", ["ES256"], transport=provider, clock=seconds)


async def test_a_key_is_fetched_once(keys, provider):
    assert [await keys.find("one") for _ in range(3)]

    assert 1 == provider.asked


async def test_a_new_key_is_found_when_it_is_shown(keys, provider, seconds):
    assert await keys.find("one")
    provider.names.append("two")
    seconds.time += PAUSE

    assert await keys.find("two")
    assert 2 == provider.asked


async def test_a_withdrawn_key_is_gone_when_the_others_age(keys, provider, seconds):
    assert await keys.find("one")
    provider.names = ["two"]
    seconds.time += MAX_AGE

    assert await keys.find("one") is None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"Location": "http://127.0.0.1/"}),
        answer_of(b"<html>"),
        answer_of(b"[]"),
        answer_of(b'{"keys": {}}'),
        answer_of(b"[" * 100_000),
        answer_of(b" " * (MAX_BYTES + 1)),
    ],
)
async def test_known_keys_go_on_while_the_provider_is_away(keys, provider, seconds, answer):
    assert await keys.find("one")
    provider.answer = answer
    seconds.time += MAX_AGE

    assert await keys.find("one")
    assert 2 == provider.asked


async def test_without_any_key_nothing_can_be_said(keys, provider, seconds):
    provider.answer = httpx.Response(500)

    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            await keys.find("one")
        assert Code.UNAVAILABLE == refused.value.code
    assert 1 == provider.asked
    provider.answer, seconds.time = None, seconds.time + PAUSE
    assert await keys.find("one")


async def test_keys_of_another_algorithm_are_none(provider, seconds):
    keys = ProviderKeys("https://id.example.com/jwks", ["RS256"], transport=provider, clock=seconds)

    assert await keys.find("one") is None
