"""Tokens: what is in one, and everything that is not one (attacks A01 to A17)."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Code, Refusal, StartError
from engine.identity.tokens import Tokens
from tests.engine.identity.conftest import SECRET, FixedClock


def claims_of(tokens: Tokens, **changed: Any) -> dict[str, Any]:
    """The claims of a good token; `...` leaves one out."""
    now = int(tokens.now().timestamp())
    good = {
        "iss": "bangpath",
        "aud": tokens.audience,
        "sub": "1",
        "typ": "access",
        "jti": "one",
        "iat": now,
        "exp": now + 60,
    }
    return {name: value for name, value in (good | changed).items() if value is not ...}


def signed(claims: dict[str, Any], header: dict[str, Any] | None = None, secret: str = SECRET) -> str:
    """A token made by hand, since PyJWT refuses to make the worst of them."""
    parts = [_base64(json.dumps(part).encode()) for part in (header or {"alg": "HS256", "typ": "JWT"}, claims)]
    text = ".".join(parts)
    return f"{text}.{_base64(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))}"


def code_of(tokens: Tokens, token: str) -> Code:
    with pytest.raises(Refusal) as refusal:
        tokens.read(token)
    return refusal.value.code


def test_a_token_says_whose_it_is(tokens):
    claims = tokens.read(tokens.issue(7))

    assert 7 == claims.user
    assert 24 * 3600 == (claims.expires_at - claims.issued_at).total_seconds()


def test_two_tokens_of_one_moment_differ(tokens):
    assert tokens.read(tokens.issue(7)).id != tokens.read(tokens.issue(7)).id


def test_a_token_made_by_hand_is_read(tokens):
    """The forgeries below fail for what they change, not for how they are made."""
    assert 1 == tokens.read(signed(claims_of(tokens))).user


def test_a_token_ends_with_a_minute_of_grace(tokens, clock):
    token = tokens.issue(7)

    clock.move(hours=24, seconds=59)
    assert 7 == tokens.read(token).user

    clock.move(seconds=2)
    assert Code.EXPIRED_TOKEN == code_of(tokens, token)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": ...},
        {"iat": ...},
        {"jti": ...},
        {"sub": ...},
        {"iss": ...},
        {"aud": ...},
        {"typ": ...},
        {"exp": "4102444800"},
        {"exp": 1e308},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": -1},
        {"exp": 10**40},
        {"exp": True},
        {"exp": None},
        {"exp": [4102444800]},
        {"iat": "1"},
        {"iat": 4102444800},
        {"nbf": 4102444800},
        {"nbf": "now"},
        {"iss": "Bangpath"},
        {"iss": ["bangpath"]},
        {"aud": "bangpath"},
        {"aud": "bangpath:"},
        {"aud": ["bangpath:x"]},
        {"sub": 1},
        {"sub": "one"},
        {"sub": "-1"},
        {"sub": "1.0"},
        {"sub": "٣"},
        {"sub": "9" * 10},
        {"sub": "9" * 5000},
        {"sub": None},
        {"sub": {"id": 1}},
        {"jti": 1},
        {"jti": ""},
        {"jti": "x" * 65},
        {"typ": "refresh"},
        {"typ": "webhook"},
        {"typ": ["access"]},
    ],
    ids=str,
)
def test_claims_that_are_missing_or_strange(tokens, claims):
    assert Code.INVALID_TOKEN == code_of(tokens, signed(claims_of(tokens, **claims)))


def test_an_audience_in_a_list_is_not_ours(tokens):
    assert Code.INVALID_TOKEN == code_of(tokens, signed(claims_of(tokens, aud=[tokens.audience])))


@pytest.mark.parametrize("algorithm", ["none", "nOnE", "", None, "HS384", "RS256", "hs256", ["HS256"], {"HS256": 1}, 1])
def test_only_one_algorithm_is_ours(tokens, algorithm):
    header = {"alg": algorithm, "typ": "JWT"}
    token = signed(claims_of(tokens), header)

    assert Code.INVALID_TOKEN == code_of(tokens, token)
    assert Code.INVALID_TOKEN == code_of(tokens, token.rsplit(".", 1)[0] + ".")


@pytest.mark.parametrize(
    "more",
    [
        {"kid": "../../../dev/null"},
        {"kid": "x' UNION SELECT 'k'--"},
        {"jwk": {"kty": "oct", "k": "AA"}},
        {"jku": "https://evil.example"},
    ],
    ids=str,
)
def test_a_header_cannot_choose_the_key(tokens, more):
    """Signed with nothing, where `/dev/null` would be the key; signed by us, the header changes nothing."""
    header = {"alg": "HS256", **more}

    assert Code.INVALID_TOKEN == code_of(tokens, signed(claims_of(tokens), header, secret="\0"))
    assert 1 == tokens.read(signed(claims_of(tokens), header)).user


@pytest.mark.parametrize("header", [{"alg": "HS256", "crit": ["x"], "x": 1}, {"alg": "HS256", "b64": False}])
def test_extensions_we_do_not_know_are_refused(tokens, header):
    assert Code.INVALID_TOKEN == code_of(tokens, signed(claims_of(tokens), header))


def test_the_token_of_another_install_is_a_stranger(tokens, clock):
    other = Tokens("b" + SECRET, clock)

    assert tokens.audience != other.audience
    assert Code.INVALID_TOKEN == code_of(tokens, other.issue(1))
    assert Code.INVALID_TOKEN == code_of(tokens, signed(claims_of(other)))


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "." * 100,
        "a.b",
        "a.b.c.d.e",
        "!!!.???.***",
        "ä.ö.ü",
        "\ud800",
        "\x00",
        "x" * 1_000_000,
        "[" * 6000,
        "e30.e30.e30",
    ],
    ids=lambda token: ascii(token[:12]),
)
def test_text_that_is_no_token(tokens, token):
    assert Code.INVALID_TOKEN == code_of(tokens, token)


@pytest.mark.parametrize("place", [0, 1])
def test_json_nested_too_deep_is_no_token(tokens, place):
    """The header is parsed before the signature is known; the payload here is even signed."""
    parts = [b'{"alg":"HS256"}', b"{}"]
    parts[place] = b'{"alg":"HS256","a":' + b"[" * 2500 + b"]" * 2500 + b"}"
    text = ".".join(map(_base64, parts))
    token = f"{text}.{_base64(hmac.digest(SECRET.encode(), text.encode(), hashlib.sha256))}"

    assert Code.INVALID_TOKEN == code_of(tokens, token)


def read(tokens: Tokens, token: str) -> type | Code:
    """The type of the user in a token that is taken, the code of its refusal otherwise."""
    try:
        return type(tokens.read(token).user)
    except Refusal as refusal:
        return refusal.code


@given(st.text() | st.lists(st.binary(max_size=40), min_size=2, max_size=4).map(lambda p: ".".join(map(_base64, p))))
def test_whatever_is_shown_the_answer_is_a_refusal(token):
    assert Code.INVALID_TOKEN == code_of(Tokens(SECRET, FixedClock()), token)


@given(
    st.dictionaries(
        st.sampled_from(["iss", "aud", "exp", "iat", "nbf", "jti", "sub", "typ"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
    )
)
def test_whatever_is_signed_the_answer_is_claims_or_a_refusal(changed):
    tokens = Tokens(SECRET, FixedClock())

    assert read(tokens, signed(claims_of(tokens, **changed))) in (int, Code.INVALID_TOKEN, Code.EXPIRED_TOKEN)


@pytest.mark.parametrize("secret", ["", "changeme", "x" * 31])
def test_a_weak_secret_stops_the_start(secret):
    with pytest.raises(StartError, match="BANGPATH_SECRET"):
        Tokens(secret)


def test_what_is_issued_is_an_ordinary_jwt(tokens):
    header = jwt.get_unverified_header(tokens.issue(1))

    assert {"alg": "HS256", "typ": "JWT"} == header


def _base64(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()
