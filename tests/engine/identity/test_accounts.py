"""Accounts: signing in and out, and whom a token stands for (attacks A10, A11, A14, A16, A19, B01, B03)."""

import asyncio
from datetime import timedelta

import pytest

from engine.errors import Code, Refusal, StartError
from engine.identity.accounts import Accounts, NamedBy
from engine.identity.attempts import Attempts
from engine.identity.recent import Recent
from engine.system.models import RevokedToken, Role, User
from tests.engine.identity.conftest import PASSWORD


async def refused(awaitable) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        await awaitable
    return refusal.value


async def member(accounts: Accounts, username: str = "mary") -> User:
    user = await User.create(
        username=username,
        email=f"{username}@example.org",
        password_hash=await accounts.passwords.hash(PASSWORD),
        default_role="member",
    )
    await user.roles.add(await Role.get(name="member"))
    return user


async def test_whoever_was_shown_a_moment_ago_is_not_looked_up_again(tokens, accounts):
    """A request that follows another asks the database nothing; a change is known as soon as it is told."""
    remembering = Accounts(tokens, accounts.passwords, Attempts(), recent=Recent(clock=lambda: 0.0))
    token = await remembering.issue_token("root", 1)
    await remembering.actor(token)
    await User.all().delete()

    assert "root" == (await remembering.actor(token, "root")).username
    remembering.forget()
    assert Code.INVALID_TOKEN == (await refused(remembering.actor(token))).code


async def test_whoever_was_refused_meanwhile_stays_so(tokens, accounts):
    """The one request that asks anew is not the only one that hears of a change in another process."""
    seconds = [0.0]
    remembering = Accounts(tokens, accounts.passwords, Attempts(), recent=Recent(clock=lambda: seconds[0]))
    token = await remembering.issue_token("root", 1)
    await remembering.actor(token)
    await User.all().delete()

    seconds[0] = 0.5
    for _ in range(2):
        assert Code.INVALID_TOKEN == (await refused(remembering.actor(token))).code


@pytest.mark.parametrize(
    ("name", "named_by"),
    [
        ("mary", NamedBy.ACCOUNT),
        ("mary", NamedBy.USERNAME),
        ("mary@example.org", NamedBy.ACCOUNT),
        ("Mary@Example.org", NamedBy.EMAIL),
    ],
)
async def test_signing_in_by_name_or_address(accounts, name, named_by):
    await member(accounts)

    token, user = await accounts.sign_in(name, PASSWORD, "peer", named_by)

    assert "mary" == user.username
    assert "member" == (await accounts.actor(token)).role


@pytest.mark.parametrize(("name", "named_by"), [("mary", NamedBy.EMAIL), ("mary@example.org", NamedBy.USERNAME)])
async def test_a_name_is_not_an_address(accounts, name, named_by):
    await member(accounts)

    assert Code.INVALID_CREDENTIALS == (await refused(accounts.sign_in(name, PASSWORD, "peer", named_by))).code


async def test_an_unknown_account_is_told_like_a_wrong_password(accounts):
    unknown = await refused(accounts.sign_in("nobody", PASSWORD, "peer"))
    wrong = await refused(accounts.sign_in("root", "battery staple", "peer"))

    assert Code.INVALID_CREDENTIALS == unknown.code
    assert unknown.complaints == wrong.complaints


async def test_guessing_is_stopped_however_it_is_sent(accounts):
    """Forty at once, in turns of spelling, do not get forty answers; the right password is then refused as well."""
    names = ["root", "Root", "ROOT", "rOOt"] * 10
    answers = await asyncio.gather(*(refused(accounts.sign_in(name, "battery staple", "peer")) for name in names))

    codes = [answer.code for answer in answers]
    assert 10 == codes.count(Code.INVALID_CREDENTIALS)
    limited = await refused(accounts.sign_in("root", PASSWORD, "peer"))
    assert Code.RATE_LIMITED == limited.code
    assert 1 <= limited.complaints[0].details["retryAfter"] <= 60


async def test_guessing_stops_neither_other_peers_nor_other_accounts(accounts):
    await member(accounts)
    for _ in range(13):
        await refused(accounts.sign_in("root", "battery staple", "peer"))

    assert await accounts.sign_in("root", PASSWORD, "elsewhere")
    assert await accounts.sign_in("mary", PASSWORD, "peer")


async def test_only_failures_count(accounts):
    for _ in range(15):
        await accounts.sign_in("root", PASSWORD, "peer")


async def test_the_default_role_and_a_chosen_one(accounts):
    token = await accounts.issue_token("root", 24)

    assert "root" == (await accounts.actor(token)).role
    assert "member" == (await accounts.actor(token, "member")).role
    assert ("admin", "editor", "member", "root") == (await accounts.actor(token)).roles


@pytest.mark.parametrize("role", ["admin", "root", "Member", "member ", "", "__union__", "member, member", "mem\udce4"])
async def test_a_role_is_one_of_the_users_own_byte_for_byte(accounts, role):
    await member(accounts)
    token = await accounts.issue_token("mary", 24)

    assert Code.ROLE_NOT_FOUND_FOR_USER == (await refused(accounts.actor(token, role))).code


async def test_a_role_taken_away_is_gone_with_the_next_request(accounts):
    token = await accounts.issue_token("root", 24)
    root = await User.get(username="root")
    await root.roles.remove(await Role.get(name="admin"))

    assert Code.ROLE_NOT_FOUND_FOR_USER == (await refused(accounts.actor(token, "admin"))).code


async def test_a_grant_taken_away_is_gone_with_the_next_request(accounts):
    token = await accounts.issue_token("root", 24)
    await Role.filter(name="member").update(grants={}, workflows=[])

    actor = await accounts.actor(token, "member")

    assert ({}, frozenset()) == (actor.grants, actor.workflows)


async def test_signing_out_ends_this_token_alone(accounts):
    token, other = await accounts.issue_token("root", 24), await accounts.issue_token("root", 24)

    await accounts.sign_out(await accounts.actor(token))

    assert Code.BLOCKED_TOKEN == (await refused(accounts.actor(token))).code
    assert await accounts.actor(other)


async def test_signing_out_twice_at_once_is_no_error(accounts):
    actor = await accounts.actor(await accounts.issue_token("root", 24))

    await asyncio.gather(accounts.sign_out(actor), accounts.sign_out(actor))

    assert 1 == await RevokedToken.all().count()


async def test_tokens_that_ended_by_themselves_are_forgotten(accounts, clock):
    await accounts.sign_out(await accounts.actor(await accounts.issue_token("root", 1)))
    clock.move(hours=2)

    await accounts.sign_out(await accounts.actor(await accounts.issue_token("root", 1)))

    assert 1 == await RevokedToken.all().count()


async def test_a_refreshed_token_replaces_the_one_shown(accounts):
    token = await accounts.issue_token("root", 24)

    fresh = await accounts.refresh(await accounts.actor(token))

    assert await accounts.actor(fresh)
    assert Code.BLOCKED_TOKEN == (await refused(accounts.actor(token))).code


async def test_a_password_change_ends_every_token_of_the_same_second_and_the_new_one_lives(accounts):
    """The clock stands still: the order of events decides, not the time they took."""
    before = await accounts.issue_token("root", 24)
    actor = await accounts.actor(before)

    first = await accounts.change_password(actor, PASSWORD, "battery staple", "peer")
    second = await accounts.change_password(actor, "battery staple", PASSWORD, "peer")

    assert Code.BLOCKED_TOKEN == (await refused(accounts.actor(before))).code
    assert Code.BLOCKED_TOKEN == (await refused(accounts.actor(first))).code
    assert await accounts.actor(second)
    assert await accounts.sign_in("root", PASSWORD, "peer")


async def test_a_password_is_changed_by_who_knows_the_old_one(accounts):
    actor = await accounts.actor(await accounts.issue_token("root", 24))

    refusal = await refused(accounts.change_password(actor, "battery staple", "something new", "peer"))

    assert Code.INVALID_CREDENTIALS == refusal.code
    assert await accounts.sign_in("root", PASSWORD, "peer")


async def test_a_reset_password_replaces_the_lost_one(accounts):
    token = await accounts.issue_token("root", 24)

    password = await accounts.reset_password("root")

    assert await accounts.sign_in("root", password, "peer")
    assert Code.INVALID_CREDENTIALS == (await refused(accounts.sign_in("root", PASSWORD, "peer"))).code
    assert Code.BLOCKED_TOKEN == (await refused(accounts.actor(token))).code


async def test_a_token_older_than_the_row_allows_is_blocked(accounts, clock):
    token = await accounts.issue_token("root", 24)
    await User.filter(username="root").update(tokens_valid_from=clock() + timedelta(milliseconds=1))

    assert Code.BLOCKED_TOKEN == (await refused(accounts.actor(token))).code


async def test_the_token_of_a_deleted_user_is_not_valid(accounts):
    user = await member(accounts)
    token = await accounts.issue_token("mary", 24)
    await user.delete()

    assert Code.INVALID_TOKEN == (await refused(accounts.actor(token))).code


async def test_a_user_without_any_role_is_in_none(accounts):
    """Nothing the service offers leaves somebody like that; a hand in the database may."""
    user = await member(accounts)
    token = await accounts.issue_token("mary", 24)
    await user.roles.clear()

    assert Code.ROLE_NOT_FOUND_FOR_USER == (await refused(accounts.actor(token))).code


async def test_an_actor_without_a_token(accounts):
    user = await member(accounts)

    assert "member" == (await accounts.actor_of(user.id, "member")).role
    assert await accounts.actor_of(user.id, "root") is None
    assert await accounts.actor_of(999, "member") is None


@pytest.mark.parametrize("call", [lambda a: a.issue_token("nobody", 1), lambda a: a.reset_password("nobody")])
async def test_nobody_has_neither_token_nor_password(accounts, call):
    assert Code.NOT_FOUND == (await refused(call(accounts))).code


async def test_the_first_user_is_made_once(accounts):
    assert await accounts.ensure_root("another password") is None

    assert 1 == await User.all().count()
    assert await accounts.sign_in("root", PASSWORD, "peer")


async def test_the_first_users_password_is_generated_and_told_once(accounts):
    await User.all().delete()

    password = await accounts.ensure_root(None)

    assert await accounts.sign_in("root", password, "peer")
    assert await accounts.ensure_root(None) is None


async def test_a_weak_root_password_stops_the_start(accounts):
    await User.all().delete()

    with pytest.raises(StartError, match="BANGPATH_ROOT_PASSWORD"):
        await accounts.ensure_root("root")

    assert 0 == await User.all().count()


async def test_roles_are_stored_once(accounts):
    await Role.filter(name="editor").update(title="Redaktion")

    await accounts.ensure_roles([])

    assert "Redaktion" == (await Role.get(name="editor")).title
