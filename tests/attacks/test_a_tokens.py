"""Tokens that are not what they say, and those that were good once (A01 to A19), shown wherever tokens are taken."""

import base64
import hashlib
import hmac
import json
import time
import uuid
import zlib
from collections.abc import Mapping
from typing import Any

import jwt
import pytest

from engine.identity.keys import PREFIX
from engine.system.models import Role, User
from tests.attacks.world import Told, show, told
from tests.conftest import PASSWORD, SECRET

INVALID = Told(401, ("INVALID_TOKEN",))
BLOCKED = Told(401, ("BLOCKED_TOKEN",))


def packed(value: bytes | Mapping[str, Any]) -> str:
    said = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode()


@pytest.fixture
async def forge(world):
    """Makes a token of root's as we would, but for what is given; `None` leaves a claim out."""
    user = await world.user("root")

    def forge(header: Mapping[str, Any] | None = None, key: str = SECRET, **claims: Any) -> str:
        now = int(time.time())
        usual = {
            "iss": "bangpath",
            "aud": world.service.engine.accounts.tokens.audience,
            "sub": str(user.id),
            "typ": "access",
            "jti": uuid.uuid4().hex,
            "iat": now,
            "exp": now + 3600,
        }
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        signed = f"{packed({'alg': 'HS256', 'typ': 'JWT', **(header or {})})}.{packed(said)}"
        return f"{signed}.{packed(hmac.digest(key.encode(), signed.encode(), hashlib.sha256))}"

    return forge


async def test_what_the_forger_makes_is_good_otherwise(world, forge, way):
    """Without this the refusals below would prove nothing."""
    assert 200 == (await show(world, way, forge())).status


@pytest.mark.parametrize(
    "algorithm", ["none", "nOnE", "NONE", "", "HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256"]
)
@pytest.mark.parametrize("signed", [True, False])
async def test_the_token_does_not_choose_how_it_is_checked(world, nothing_happened, way, forge, algorithm, signed):
    """A01."""
    token = forge({"alg": algorithm})
    async with nothing_happened():
        answer = await show(world, way, token if signed else f"{token.rpartition('.')[0]}.")

    assert INVALID == answer


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../../dev/null"},
        {"kid": "x' UNION SELECT 'k'--"},
        {"kid": "/dev/null\0"},
        {"jku": "http://127.0.0.1/keys", "kid": "mine"},
        {"x5u": "http://127.0.0.1/keys"},
        {"jwk": {"kty": "oct", "k": ""}},
    ],
)
async def test_the_token_does_not_choose_its_key(world, nothing_happened, way, forge, header):
    """Whatever it names, it is checked with our secret, and signed with another it is refused (A04)."""
    async with nothing_happened():
        answers = [await show(world, way, forge(header, key)) for key in ("", "k", "another secret of enough bytes!")]

    assert [INVALID] * 3 == answers


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1}, "EXPIRED_TOKEN"),
        ({"exp": int(time.time()) - 120}, "EXPIRED_TOKEN"),
        ({"nbf": int(time.time()) + 3600}, "INVALID_TOKEN"),
        ({"iat": int(time.time()) + 3600}, "INVALID_TOKEN"),
        *(({"exp": value}, "INVALID_TOKEN") for value in (None, "9999999999", 1e308, -1, True, [9999999999], {})),
        *(({name: None}, "INVALID_TOKEN") for name in ("iss", "aud", "sub", "jti", "iat", "typ")),
        *(({"iss": value}, "INVALID_TOKEN") for value in ("bangpat", "bangpath2", ["bangpath"], "BANGPATH")),
        *(({"aud": value}, "INVALID_TOKEN") for value in ("bangpath", "bangpath:", "*", [], ["bangpath"])),
        *(({"sub": value}, "INVALID_TOKEN") for value in ("root", "1 OR 1=1", "-1", "1.0", "٣", 1, "99999999999")),
    ],
)
async def test_claims_that_are_not_ours(world, nothing_happened, way, forge, claims, code):
    """A06, A07."""
    async with nothing_happened():
        answer = await show(world, way, forge(**claims))

    assert Told(401, (code,)) == answer


async def test_an_audience_that_only_begins_like_ours(world, nothing_happened, way, forge):
    ours = world.service.engine.accounts.tokens.audience
    async with nothing_happened():
        answers = [await show(world, way, forge(aud=aud)) for aud in (ours[:-1], f"{ours}x", [ours], [ours, "x"])]

    assert [INVALID] * 4 == answers


@pytest.mark.parametrize("purpose", ["refresh", "webhook", "setup", "file", "Access", "access ", "", ["access"], None])
async def test_a_token_for_something_else_lets_nobody_in(world, nothing_happened, way, forge, purpose):
    """A08."""
    async with nothing_happened():
        answer = await show(world, way, forge(typ=purpose))

    assert INVALID == answer


@pytest.mark.parametrize("key", [PREFIX, f"{PREFIX}x", f"{PREFIX}{'x' * 43}", f"{PREFIX}%", f"{PREFIX}{'x' * 9000}"])
async def test_a_key_that_nobody_made(world, nothing_happened, way, key):
    async with nothing_happened():
        answer = await show(world, way, key)

    assert INVALID == answer


# --- tokens that were good once; each has been shown a moment ago


@pytest.fixture
async def shown(world, way):
    """The member's token, which has just been taken where it will be shown again."""
    token = world.tokens["member"]
    actor = await world.service.engine.accounts.actor(token)
    assert "member" == actor.role
    return token


async def test_after_signing_out(world, nothing_happened, way, shown):
    """A10."""
    assert 200 == (await world.send("POST", "auth:signOut", shown)).status_code

    async with nothing_happened():
        assert BLOCKED == await show(world, way, shown)


async def test_after_a_new_password(world, nothing_happened, way, shown):
    """A10."""
    passwords = {"oldPassword": PASSWORD, "newPassword": "battery staple"}
    changed = await world.send("POST", "auth:changePassword", shown, json=passwords)

    async with nothing_happened():
        assert BLOCKED == await show(world, way, shown)
    assert 200 == (await show(world, way, changed.json()["data"]["token"])).status


@pytest.mark.parametrize("values", [{"password": "battery staple"}, {"suspended": True}])
async def test_after_an_administrator_has_ended_it(world, nothing_happened, way, shown, values):
    """A10."""
    member = await world.user("member")
    answer = await world.send("POST", f"users:update/{member.id}", world.tokens["admin"], json=values)
    assert 200 == answer.status_code

    async with nothing_happened():
        assert BLOCKED == await show(world, way, shown)


async def test_a_suspension_that_ends_brings_no_token_back(world, nothing_happened, way, shown):
    member = await world.user("member")
    for suspended in (True, False):
        body = {"suspended": suspended}
        await world.send("POST", f"users:update/{member.id}", world.tokens["admin"], json=body)

    async with nothing_happened():
        assert BLOCKED == await show(world, way, shown)


async def test_after_its_user_has_ended(world, nothing_happened, way, shown):
    """A10."""
    member = await world.user("member")
    assert 200 == (await world.send("POST", f"users:destroy/{member.id}", world.tokens["admin"])).status_code

    async with nothing_happened():
        assert INVALID == await show(world, way, shown)


async def test_after_its_role_was_taken_away(world, nothing_happened, way, shown):
    """The database says who may do what, not the token (A11)."""
    member = await world.user("member")
    body = {"roles": ["editor"], "defaultRole": "editor"}
    assert 200 == (await world.send("POST", f"users:update/{member.id}", world.tokens["admin"], json=body)).status_code

    async with nothing_happened():
        assert Told(401, ("ROLE_NOT_FOUND_FOR_USER",)) == await show(world, way, shown, "member")


@pytest.mark.parametrize("door", ["rest", "graphql"])
async def test_after_its_grant_was_taken_away(world, nothing_happened, door):
    """A11."""
    token = world.tokens["member"]
    assert 200 == (await world.send("GET", "posts:list", token)).status_code
    answer = await world.send("POST", "roles:update/member", world.tokens["admin"], json={"grants": {}})
    assert 200 == answer.status_code

    async with nothing_happened():
        assert ("NO_PERMISSION",) == (await show(world, door, token)).codes[:1]


async def test_whoever_is_suspended_signs_in_no_more_and_is_not_told_why(world, nothing_happened):
    """It would say that the password is right."""
    await User.filter(username="member").update(suspended=True)
    sign_in = {"account": "member", "password": PASSWORD}
    async with nothing_happened():
        rest = await world.send("POST", "auth:signIn", json=sign_in)
        wrong = await world.send("POST", "auth:signIn", json={**sign_in, "password": "x"})
        graphql = await world.ask(f'mutation {{ signIn(account: "member", password: "{PASSWORD}") {{ token }} }}')

    assert Told(401, ("INVALID_CREDENTIALS",)) == told(rest)
    assert rest.json() == wrong.json()
    assert ("INVALID_CREDENTIALS",) == told(graphql).codes


async def test_the_last_root_is_not_suspended(world, nothing_happened):
    root = await world.user("root")
    async with nothing_happened():
        answer = await world.send("POST", f"users:update/{root.id}", world.tokens["root"], json={"suspended": True})

    assert Told(409, ("STILL_REFERENCED",)) == told(answer)


# --- guessing


@pytest.mark.parametrize("door", ["rest", "graphql"])
async def test_guessing_is_stopped_whatever_else_is_sent(world, nothing_happened, door):
    """Neither another field nor a made-up address makes another guesser of them (A14)."""
    answers = []
    async with nothing_happened():
        for number in range(12):
            headers = {"X-Forwarded-For": f"192.0.2.{number}", "X-Real-IP": f"192.0.2.{number}", "Forwarded": "for=x"}
            if door == "rest":
                body = {
                    "account": "member",
                    "password": f"guess {number}",
                    **({"email": f"{number}@x"} if number % 2 else {}),
                }
                answers.append(told(await world.send("POST", "auth:signIn", json=body, headers=headers)))
            else:
                document = f'mutation {{ a{number}: signIn(account: "member", password: "{number}") {{ token }} }}'
                answers.append(told(await world.ask(document, headers=headers)))

    assert ("RATE_LIMITED",) == answers[-1].codes
    assert "RATE_LIMITED" not in answers[0].codes


# --- text that is no token at all


@pytest.mark.parametrize(
    "token",
    [
        "x" * 1_000_000,
        "." * 100,
        "a.b.c",
        "ä.ö.ü",
        f"{packed({'alg': 'HS256'})}..",
        f"{packed(b'[' * 5000)}.{packed(b'{}')}.x",
        ".".join(
            [packed({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}), "", "x", packed(zlib.compress(bytes(10**6))), "x"]
        ),
    ],
    ids=["a megabyte", "dots", "letters", "umlauts", "nothing", "nested", "a bomb"],
)
async def test_text_that_is_no_token(world, nothing_happened, token):
    """A17."""
    headers = {"Authorization": f"Bearer {token}".encode()}
    async with nothing_happened():
        answers = [
            await world.client.get("/api/posts:list", headers=headers),
            await world.client.post("/graphql", json={"query": "{ posts { count } }"}, headers=headers),
        ]

    assert [INVALID] * 2 == [told(answer) for answer in answers]


async def test_a_signature_of_the_right_kind_by_a_stranger(world, nothing_happened, way):
    token = jwt.encode({"sub": "1", "exp": 9999999999}, "somebody else's secret, which is long", "HS256")
    async with nothing_happened():
        assert INVALID == await show(world, way, token)


# --- what administrators may give


async def test_a_member_gives_themselves_no_role(world, nothing_happened):
    """B07: they lack the grant, so what they would give is not even looked at."""
    member = await world.user("member")
    token = world.tokens["member"]
    document = 'mutation($id: ID!) { updateUser(id: $id, values: {roles: ["admin"]}) { record { id } } }'
    async with nothing_happened():
        answers = [
            await world.send(
                "POST", f"users:update?filterByTk={member.id}", token, json={"roles": [{"name": "admin"}]}
            ),
            await world.ask(document, token, variables={"id": member.id}),
        ]

    assert [("NO_PERMISSION",)] * 2 == [told(answer).codes for answer in answers]


@pytest.mark.parametrize("door", ["rest", "graphql"])
@pytest.mark.parametrize("values", [{"roles": ["admin"]}, {"roles": ["clerk", "editor"]}])
async def test_nobody_gives_more_than_they_have(world, nothing_happened, door, values):
    """B07, by somebody who may change users: that power reaches no further than their own role."""
    await Role.create(name="clerk", grants={"users": {"read": {}, "create": {}, "update": {}}}, workflows=[])
    clerk = await User.create(username="clerk", password_hash="x", default_role="clerk")
    await clerk.roles.add(await Role.get(name="clerk"))
    token = await world.service.issue_token("clerk", 1)
    async with nothing_happened():
        answer = await update_user(world, door, token, clerk.id, values)

    assert ("NO_PERMISSION",) == answer.codes


@pytest.mark.parametrize("door", ["rest", "graphql"])
@pytest.mark.parametrize("values", [{"password": "battery staple"}, {"email": "me@example.org"}, {"suspended": True}])
async def test_nobody_takes_over_who_may_do_more(world, nothing_happened, door, values):
    await Role.create(name="clerk", grants={"users": {"read": {}, "update": {}}}, workflows=[])
    clerk = await User.create(username="clerk", password_hash="x", default_role="clerk")
    await clerk.roles.add(await Role.get(name="clerk"))
    token = await world.service.issue_token("clerk", 1)
    async with nothing_happened():
        answer = await update_user(world, door, token, (await world.user("admin")).id, values)

    assert ("NO_PERMISSION",) == answer.codes


@pytest.mark.parametrize(
    "path",
    ["roles:update/clerk", "roles:update/admin", "roles:create"],
)
async def test_nobody_writes_a_role_that_may_do_more_than_theirs(world, nothing_happened, path):
    grants = {"roles": {"read": {}, "create": {}, "update": {}}, "posts": {"read": {}}}
    await Role.create(name="clerk", grants=grants, workflows=[])
    clerk = await User.create(username="clerk", password_hash="x", default_role="clerk")
    await clerk.roles.add(await Role.get(name="clerk"))
    token = await world.service.issue_token("clerk", 1)
    body = {"grants": {"*": {"read": {}}}, **({"name": "more"} if path == "roles:create" else {})}
    async with nothing_happened():
        answer = await world.send("POST", path, token, json=body)

    assert Told(403, ("NO_PERMISSION",)) == told(answer)


async def update_user(world, door: str, token: str, key: int, values: dict[str, Any]) -> Told:
    if door == "rest":
        return told(await world.send("POST", f"users:update/{key}", token, json=values))
    document = (
        "mutation($id: ID!, $values: UserUpdateInput!) { updateUser(id: $id, values: $values) { record { id } } }"
    )
    return told(await world.ask(document, token, variables={"id": key, "values": values}))
