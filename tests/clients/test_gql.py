"""Python's usual GraphQL client, `gql`: over HTTP, over a WebSocket, and with no service at all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from gql import Client, GraphQLRequest, gql
from gql.client import AsyncClientSession, ReconnectingAsyncClientSession
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport
from graphql import GraphQLError, build_schema

from tests.process.served import PASSWORD, Served
from tests.until import until

SCHEMA = (Path(__file__).parents[2] / "docs" / "schema.graphql").read_text()
SECONDS = 30

SIGN_IN = gql(
    'mutation ($password: String!) { signIn(account: "root", password: $password) { token user { username } } }'
)
CREATE = gql("""
    mutation ($values: PostCreateInput!, $triggerWorkflows: [WorkflowTriggerInput!]) {
      createPost(values: $values, triggerWorkflows: $triggerWorkflows) {
        record { id title category { title } }
        workflows { key association status executionId }
      }
    }
""")
EXECUTIONS = gql("""
    subscription ($key: String!) {
      workflowExecutions(key: $key) { id status recordKey jobs { nodeKey status } }
    }
""")

Session = AsyncClientSession | ReconnectingAsyncClientSession


def headers(token: str, role: str = "root") -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "X-Role": role}


def over_http(served: Served, **headers: str) -> Client:
    return Client(transport=HTTPXAsyncTransport(f"{served.url}/graphql", headers=headers), schema=SCHEMA)


def over_socket(served: Served, **payload: str) -> Client:
    url = f"{served.url.replace('http', 'ws')}/graphql"
    return Client(transport=WebsocketsTransport(url, init_payload=payload))


@pytest.fixture
async def session(served: Served, token: str) -> AsyncIterator[Session]:
    async with over_http(served, **headers(token)) as session:
        yield session


def final(execution: dict[str, Any]) -> bool:
    return execution["status"] not in ("queued", "running")


async def create(session: Session, values: dict[str, Any], *triggers: dict[str, str]) -> Any:
    asked = GraphQLRequest(CREATE, variable_values={"values": values, "triggerWorkflows": list(triggers)})
    return (await session.execute(asked))["createPost"]


async def test_sign_in_needs_no_token(served: Served) -> None:
    async with over_http(served) as session:
        asked = GraphQLRequest(SIGN_IN, variable_values={"password": PASSWORD})
        found = (await session.execute(asked))["signIn"]

    assert "root" == found["user"]["username"]
    assert found["token"]


async def test_a_write_fires_workflows(session: Session) -> None:
    values = {"title": "Hello", "category": {"title": "Test category"}}
    created = await create(session, values, {"key": "category-created", "association": "category"})

    assert "Test category" == created["record"]["category"]["title"]
    assert [("category-created", "category"), ("post-audit", None)] == [
        (workflow["key"], workflow["association"]) for workflow in created["workflows"]
    ]


async def test_a_refusal_has_its_code_and_place(session: Session) -> None:
    """The client raises; what it raises has every error, and nothing was written."""
    with pytest.raises(TransportQueryError) as raised:
        await create(session, {"title": "x"}, {"key": "post-created", "association": "author"})

    assert raised.value.errors is not None
    assert ["createPost"] == raised.value.errors[0]["path"]
    assert "TRIGGER_MANY_TO_ONE" == raised.value.errors[0]["extensions"]["code"]
    assert "author" == raised.value.errors[0]["extensions"]["details"]["relation"]
    assert {"createPost": None} == raised.value.data


async def test_nobody_is_told_so(served: Served) -> None:
    async with over_http(served) as session:
        with pytest.raises(TransportQueryError) as raised:
            await session.execute(gql("{ posts { count } }"))

    assert raised.value.errors is not None
    assert "EMPTY_TOKEN" == raised.value.errors[0]["extensions"]["code"]


async def test_a_bad_token_ends_the_whole_request(served: Served) -> None:
    """What is refused before the execution has the body of REST: the code is in the error itself."""
    async with over_http(served, Authorization="Bearer x") as session:
        with pytest.raises(TransportQueryError) as raised:
            await session.execute(gql("{ posts { count } }"))

    assert raised.value.errors is not None
    assert "INVALID_TOKEN" == raised.value.errors[0]["code"]


async def test_a_subscription_sees_the_execution_of_a_write(served: Served, token: str, session: Session) -> None:
    """To its end, with what its nodes did."""
    seen: list[Any] = []

    async def write() -> Any:
        return await create(session, {"title": "x"}, {"key": "post-created"})

    async def follow(socket: Session) -> None:
        async for event in socket.subscribe(GraphQLRequest(EXECUTIONS, variable_values={"key": "post-created"})):
            seen.append(event["workflowExecutions"])

    async def begun() -> Any:
        # Nothing tells a client that its subscription has begun, so it writes until it hears of a write.
        await write()
        return seen

    async with over_socket(served, **headers(token)) as socket:
        following = asyncio.create_task(follow(socket))
        await until(begun)
        created = await write()

        async def ended() -> Any:
            return [event for event in seen if event["recordKey"] == created["record"]["id"] and final(event)]

        (last,) = await until(ended)
        following.cancel()

    assert created["workflows"][0]["executionId"] == last["id"]
    assert "succeeded" == last["status"]
    assert [{"nodeKey": "note", "status": "succeeded"}] == last["jobs"]


async def test_a_subscription_in_a_role_that_may_not_is_refused(served: Served, token: str) -> None:
    async with asyncio.timeout(SECONDS), over_socket(served, **headers(token, role="member")) as socket:
        with pytest.raises(TransportQueryError) as raised:
            await anext(socket.subscribe(GraphQLRequest(EXECUTIONS, variable_values={"key": "post-created"})))

    assert raised.value.errors is not None
    assert "NO_PERMISSION" == raised.value.errors[0]["extensions"]["code"]


async def test_a_socket_of_nobody_is_closed(served: Served) -> None:
    """The client raises; why the socket was closed is in the cause."""
    with pytest.raises(TransportConnectionFailed) as raised:
        async with asyncio.timeout(SECONDS), over_socket(served, Authorization="Bearer x"):
            raise AssertionError("the socket was opened")

    assert "received 4401 (private use) INVALID_TOKEN" in str(raised.value.__cause__)


def test_documents_are_checked_against_the_schema_in_the_repository() -> None:
    """With no service: `docs/schema.graphql` is all that a client needs to know what can be asked."""
    client = Client(schema=build_schema(SCHEMA))
    for document in (SIGN_IN, CREATE, EXECUTIONS):
        client.validate(document)

    with pytest.raises(GraphQLError, match="Cannot query field 'titel' on type 'Post'"):
        client.validate(gql("{ post(id: 1) { titel } }"))


async def test_the_schema_in_the_repository_is_the_one_that_is_told(served: Served, token: str) -> None:
    """What introspection answers has the same root fields."""
    client = Client(
        transport=HTTPXAsyncTransport(f"{served.url}/graphql", headers=headers(token)),
        fetch_schema_from_transport=True,
    )
    async with client:
        pass

    assert client.schema is not None
    documented = build_schema(SCHEMA)
    for root in ("Query", "Mutation", "Subscription"):
        told, written = client.schema.type_map[root], documented.type_map[root]
        assert set(written.fields) == set(told.fields)  # type: ignore[attr-defined]
