"""Tokens of another service, which are believed by its public keys alone (A01, A02, A04, A06, A07)."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.attacks.world import Told, show
from tests.other_service import LOOPBACK, other_service, reply

ISSUER, AUDIENCE = "https://id.example.com/", "bangpath-at-example"
INVALID = Told(401, ("INVALID_TOKEN",))
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)
CURVE = ec.generate_private_key(ec.SECP256R1())
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, **more}


KEYS = [
    jwk(RSA, "rsa", use="sig", alg="RS256"),
    jwk(CURVE, "curve"),
    jwk(WEAK, "weak"),
    jwk(RSA, "for something else", use="enc"),
    {"kty": "oct", "kid": "shared", "alg": "HS256", "k": base64.urlsafe_b64encode(b"x" * 32).decode()},
    {"kty": "RSA", "kid": "broken", "n": "!", "e": []},
    "no key at all",
]


@pytest.fixture
async def provider():
    """The identity provider, which listens on this machine."""
    async with other_service() as other:
        other.answers["/jwks"] = reply(200, json.dumps({"keys": KEYS}).encode(), content_type="application/json")
        yield other


@pytest.fixture
def claim() -> str:
    return "sub"


@pytest.fixture
def changed(provider, claim):
    return {
        "private_networks": (LOOPBACK,),
        "identity_issuer": ISSUER,
        "identity_audience": AUDIENCE,
        "identity_keys": provider.url("/jwks"),
        "identity_claim": claim,
    }


def issue(key: Any = RSA, algorithm: str = "RS256", kid: Any = "rsa", **claims: Any) -> str:
    """A token as the provider issues it for the member, but for what is given; `None` leaves a claim out."""
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "member", "iat": now, "exp": now + 600}
    said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return jwt.encode(said, key, algorithm, headers={} if kid is None else {"kid": kid})


@pytest.mark.parametrize("token", [issue(), issue(CURVE, "ES256", "curve"), issue(aud=["others", AUDIENCE])])
async def test_its_tokens_let_our_users_in(world, way, token):
    assert 200 == (await show(world, way, token)).status


async def test_who_it_is_and_what_they_may_do_is_ours_to_say(world):
    answer = await world.send("GET", "auth:check", issue(roles=["root"], role="root", groups=["admin"]))

    assert ("member", "member") == (answer.json()["data"]["username"], answer.json()["data"]["role"])


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "nobody of ours"},
        {"sub": "Member"},
        {"sub": "member "},
        {"sub": ""},
        {"sub": "x" * 300},
        {"iss": ISSUER.rstrip("/")},
        {"iss": "bangpath"},
        {"aud": AUDIENCE[:-1]},
        {"aud": [f"{AUDIENCE}2"]},
        {"aud": []},
        {"nbf": int(time.time()) + 600},
        {"iat": int(time.time()) + 600},
        {"exp": 1e308},
        *({name: None} for name in ("iss", "aud", "sub", "exp", "iat")),
    ],
)
async def test_claims_that_let_nobody_in(world, nothing_happened, way, claims):
    async with nothing_happened():
        assert INVALID == await show(world, way, issue(**claims))


async def test_one_that_has_expired(world, nothing_happened, way):
    async with nothing_happened():
        assert Told(401, ("EXPIRED_TOKEN",)) == await show(world, way, issue(exp=int(time.time()) - 120))


def confused(secret: bytes, kid: str) -> str:
    """A token that is signed with what everybody may know, as if it were a secret."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "root", "iat": now, "exp": now + 600, "typ": "access", "jti": "x"}
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT", "kid": kid}, claims)]
    signed = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    signature = hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


PUBLIC = RSA.public_key()


@pytest.mark.parametrize(
    "secret",
    [
        PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
        PUBLIC.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(KEYS[0]).encode(),
        KEYS[0]["n"].encode(),
        b"x" * 32,
    ],
    ids=["PEM", "PEM without its end", "PKCS1", "DER", "JWK", "modulus", "a shared key of the set"],
)
async def test_a_public_key_is_no_secret(world, nothing_happened, way, secret):
    """A02."""
    async with nothing_happened():
        assert INVALID == await show(world, way, confused(secret, "shared" if secret == b"x" * 32 else "rsa"))


def weak() -> str:
    """A token of a key that is too short; PyJWT would only warn."""
    signed = issue(kid="weak").rpartition(".")[0]
    signature = WEAK.sign(signed.encode(), padding.PKCS1v15(), SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "token",
    [
        issue(STRANGER),
        issue(CURVE, "ES256", "rsa"),
        issue(RSA, "RS256", "curve"),
        issue(RSA, "RS512", "rsa"),
        issue(RSA, "PS256", "rsa"),
        weak(),
        issue(kid="for something else"),
        issue(kid="broken"),
        issue(kid=None),
        issue(kid=""),
        issue(kid="rsa\0"),
        issue(kid="../../../dev/null"),
        issue(kid="x' UNION SELECT 'k'--"),
        issue(kid="x" * 1000),
        jwt.encode({"iss": ISSUER}, RSA, "RS256", headers={"kid": "rsa", "typ": "logout+jwt"}),
    ],
)
async def test_keys_that_let_nobody_in(world, nothing_happened, way, token):
    """One algorithm for each key, and keys from the provider's set alone (A01, A04)."""
    async with nothing_happened():
        assert INVALID == await show(world, way, token)


async def test_strange_names_of_keys_ask_the_provider_once(world, provider):
    """Nobody makes us call it as often as they like."""
    for number in range(20):
        assert INVALID == await show(world, "rest", issue(kid=f"strange {number}"))

    assert 1 == len(provider.heard)


async def test_while_it_is_away_its_tokens_cannot_be_checked_and_ours_can(world, nothing_happened, provider):
    provider.answers["/jwks"] = reply(500)
    async with nothing_happened():
        assert Told(503, ("UNAVAILABLE",)) == await show(world, "rest", issue())
        assert Told(503, ("UNAVAILABLE",)) == await show(world, "graphql", issue())
    assert 200 == (await show(world, "rest", world.tokens["member"])).status


async def test_it_ends_here_by_signing_out_and_by_suspension(world, nothing_happened, way):
    first, second = issue(), issue(jti="another")
    assert 200 == (await world.send("POST", "auth:signOut", first)).status_code
    assert 200 == (await show(world, way, second)).status
    member = await world.user("member")
    await world.send("POST", f"users:update/{member.id}", world.tokens["admin"], json={"suspended": True})

    async with nothing_happened():
        assert [Told(401, ("BLOCKED_TOKEN",))] * 2 == [await show(world, way, token) for token in (first, second)]


async def test_it_is_not_exchanged_for_one_of_ours(world, nothing_happened):
    """It would outlive what the provider says."""
    async with nothing_happened():
        answer = await world.send("POST", "auth:refresh", issue())

    assert (403, "NO_PERMISSION") == (answer.status_code, answer.json()["errors"][0]["code"])


class TestByAddress:
    @pytest.fixture
    def claim(self) -> str:
        return "email"

    @pytest.mark.parametrize(("verified", "status"), [(True, 200), (False, 401), (None, 401), ("true", 401)])
    async def test_an_address_counts_when_it_was_verified(self, world, verified, status):
        member = await world.user("member")
        member.email = "member@example.org"
        await member.save()

        answer = await show(world, "rest", issue(sub="x", email="member@example.org", email_verified=verified))

        assert status == answer.status
