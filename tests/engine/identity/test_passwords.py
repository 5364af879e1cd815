"""Passwords are hashed with argon2id, and nobody can tell by the clock which accounts exist."""

import pytest
from argon2 import extract_parameters

from engine.identity.passwords import NOBODYS, Passwords, refuse_password


async def test_a_hash_is_verified_by_its_password_alone():
    passwords = Passwords()
    known = await passwords.hash("correct horse")

    assert await passwords.verify(known, "correct horse")
    assert not await passwords.verify(known, "Correct horse")
    assert not await passwords.verify(known, "")


async def test_the_parameters_are_those_that_owasp_asks_for():
    parameters = extract_parameters(await Passwords().hash("correct horse"))

    assert ("ID", 19456, 2, 1) == (
        parameters.type.name,
        parameters.memory_cost,
        parameters.time_cost,
        parameters.parallelism,
    )


async def test_an_unknown_account_is_verified_against_a_hash_like_all_others():
    parameters = extract_parameters(await Passwords().hash("correct horse"))

    assert parameters == extract_parameters(NOBODYS)
    assert not await Passwords().verify(None, "correct horse")


@pytest.mark.parametrize("stored", ["", "!", "$argon2id$", NOBODYS[:40]])
async def test_a_hash_that_is_none_verifies_nothing_and_is_logged_without_it(stored, caplog):
    assert not await Passwords().verify(stored, "x")

    assert ["bangpath.identity"] == [record.name for record in caplog.records]
    assert not stored or stored not in caplog.text


@pytest.mark.parametrize("password", ["\ud800", "\0", "x" * 2_000_000, "ä" * 1024])
async def test_strange_passwords_are_wrong_not_errors(password):
    passwords = Passwords()

    assert not await passwords.verify(await passwords.hash("correct horse"), password)


async def test_a_password_longer_than_the_limit_is_not_cut():
    passwords = Passwords()

    assert not await passwords.verify(await passwords.hash("x" * 1024), "x" * 1025)


@pytest.mark.parametrize("password", [None, 12345678, ["x"], "short", "x" * 1025])
def test_passwords_nobody_may_choose(password):
    assert refuse_password(password)


def test_a_password_of_eight_characters_may_be_chosen():
    assert refuse_password("eight ch") is None
