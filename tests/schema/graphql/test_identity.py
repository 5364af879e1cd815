"""Signing in and out, users and roles through GraphQL, on the resolvers both doors share and a real database."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from strawberry.types import ExecutionResult

from engine.data.metadata import read_collections
from engine.database import close_database, open_database
from engine.identity.accounts import Accounts
from engine.identity.attempts import Attempts
from engine.identity.passwords import Passwords
from engine.identity.tokens import Tokens
from engine.system.models import Execution, Job, Role, User, Workflow
from schema.build import build_schema
from schema.context import Context
from schema.loaders import Request
from schema.sample.roles import ROLES
from tests.databases import MakeDatabase
from tests.schema.graphql.conftest import FakeResolve, codes

PASSWORD = "correct horse"
SIGN_IN = "mutation ($name: String, $password: String) { signIn(account: $name, password: $password) { token user { id username roles { name title } defaultRole } } }"  # noqa: E501  # one document


class Service:
    """The schema over accounts in a real database. Asks as nobody, or with a token."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.schema = build_schema(engine.collections)

    async def __call__(self, document: str, token: str | None = None, **variables: Any) -> ExecutionResult:
        actor = await self.engine.accounts.actor(token, None) if token else None
        related = FakeResolve(related={("users", "roles"): {2: [{"name": "member"}]}})
        request = Request(Context(self.engine, actor, "request-1", "peer"), related)
        return await self.schema.execute(document, variable_values=variables, context_value=request)

    async def token(self) -> str:
        token: str = await self.engine.accounts.issue_token("root", 1)
        return token


@pytest.fixture
async def service(make_database: MakeDatabase) -> AsyncIterator[Service]:
    models = await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    accounts = Accounts(Tokens("a secret that is long enough for everybody"), Passwords(), Attempts())
    await accounts.ensure_roles(ROLES)
    await accounts.ensure_root(PASSWORD)
    collections = read_collections(models, [User, Role, Workflow, Execution, Job])
    catalog = SimpleNamespace(knows=lambda key: True)
    yield Service(SimpleNamespace(accounts=accounts, collections=collections, catalog=catalog))
    await close_database()


async def test_sign_in_answers_a_token_that_works(service: Service) -> None:
    result = await service(SIGN_IN, name="root", password=PASSWORD)

    assert result.errors is None
    assert result.data
    signed_in = result.data["signIn"]
    assert {"id": "1", "username": "root", "defaultRole": "root"}.items() <= signed_in["user"].items()
    assert {"name": "member", "title": "Member"} in signed_in["user"]["roles"]
    checked = await service(
        "{ checkAuth { id username nickname email roles { name } defaultRole } }", signed_in["token"]
    )
    assert checked.data
    assert "root" == checked.data["checkAuth"]["username"]


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [("root", "wrong", "INVALID_CREDENTIALS"), ("nobody", PASSWORD, "INVALID_CREDENTIALS"), (None, None, "REQUIRED")],
)
async def test_sign_in_is_refused_as_in_rest(
    service: Service, name: str | None, password: str | None, code: str
) -> None:
    result = await service(SIGN_IN, name=name, password=password)

    assert {"signIn": None} == result.data
    assert {code} == set(codes(result))


async def test_signing_in_works_beside_what_is_refused(service: Service) -> None:
    document = (
        f'mutation {{ signIn(username: "root", password: "{PASSWORD}") {{ token }} destroyUser(id: 1) {{ count }} }}'
    )
    result = await service(document)

    assert result.data
    assert result.data["signIn"]["token"]
    assert result.data["destroyUser"] is None
    assert ["EMPTY_TOKEN"] == codes(result)


async def test_sign_out_ends_the_token(service: Service) -> None:
    token = await service.token()

    assert {"signOut": True} == (await service("mutation { signOut }", token)).data
    with pytest.raises(Exception, match=r"BLOCKED_TOKEN|INVALID_TOKEN"):
        await service("{ checkAuth { id } }", token)


async def test_users_are_kept_through_graphql(service: Service) -> None:
    token = await service.token()
    created = await service(
        'mutation { createUser(values: {username: "ann", password: "long enough", roles: ["member"]}) '
        "{ record { id username defaultRole roles { name } } } }",
        token,
    )
    updated = await service('mutation { updateUser(id: 2, values: {nickname: "Ann"}) { record { nickname } } }', token)
    destroyed = await service("mutation { destroyUser(id: 2) { count } }", token)

    assert created.data == {
        "createUser": {"record": {"id": "2", "username": "ann", "defaultRole": "member", "roles": [{"name": "member"}]}}
    }
    assert {"updateUser": {"record": {"nickname": "Ann"}}} == updated.data
    assert {"destroyUser": {"count": 1}} == destroyed.data


async def test_roles_are_kept_through_graphql(service: Service) -> None:
    token = await service.token()
    created = await service(
        'mutation { createRole(values: {name: "guest", grants: {posts: {read: {}}}, workflows: ["a"]}) '
        "{ record { name grants workflows } } }",
        token,
    )
    updated = await service(
        'mutation { updateRole(id: "guest", values: {title: "Guest"}) { record { title } } }', token
    )
    refused = await service(
        'mutation { updateRole(id: "guest", values: {grants: {pots: {}}}) { record { name } } }', token
    )
    destroyed = await service('mutation { destroyRole(id: "guest") { count } }', token)

    assert {"createRole": {"record": {"name": "guest", "grants": {"posts": {"read": {}}}, "workflows": ["a"]}}} == (
        created.data
    )
    assert {"updateRole": {"record": {"title": "Guest"}}} == updated.data
    assert ["ROLE_INVALID"] == codes(refused)
    assert {"destroyRole": {"count": 1}} == destroyed.data


async def test_a_token_is_exchanged_for_a_new_one(service: Service) -> None:
    token = await service.token()

    refreshed = await service("mutation { refreshToken { token } }", token)

    assert refreshed.data
    assert (
        "root"
        == (await service("{ checkRole { name } }", refreshed.data["refreshToken"]["token"])).data["checkRole"]["name"]
    )
    with pytest.raises(Exception, match="BLOCKED_TOKEN"):
        await service("{ checkAuth { id } }", token)


async def test_a_password_is_changed_by_whoever_knows_the_old_one(service: Service) -> None:
    token = await service.token()
    document = 'mutation($old: String) { changePassword(oldPassword: $old, newPassword: "another one") { token } }'

    refused = await service(document, token, old="wrong")
    changed = await service(document, token, old=PASSWORD)

    assert ["INVALID_CREDENTIALS"] == codes(refused)
    assert changed.data
    assert changed.data["changePassword"]["token"]
