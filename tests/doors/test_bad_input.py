"""Every parameter with a wrong type, a wrong name or an absurd size: a 4xx with a code, and no change."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.doors.conftest import Rows
from tests.doors.door import Door

LONG = "x" * 5000
READS = (
    "posts:list",
    "posts:get",
    "posts:count",
    "posts/1/comments:list",
    "posts/1/tags:count",
    "categories/1/post:get",
)
WRITES = ("posts:create", "posts:update/1", "posts:firstOrCreate", "posts:updateOrCreate", "posts/1/comments:create")
LINKS = ("posts/1/tags:add", "posts/1/tags:set", "posts/1/tags:remove", "posts/1/tags:toggle", "posts/1/author:set")

BAD_READS = [
    *(
        f"filter={text}"
        for text in ("x", "[]", "1", "null", "{", '{"title":{"$nothing":1}}', '{"titel":1}', '{"id":"x"}')
    ),
    *("filter[a][b][c][d][e][f][g][h][i][j][k]=1", "filter[id][$in]=x", "filter[$and]=x", f"filter[title]={LONG}"),
    *("filter[author][password]=x", "filter[author__password__startswith]=x"),
    *(
        "fields=titel",
        "fields[a]=id",
        "except=titel",
        "appends=nothing",
        "appends=title",
        "appends=author.roles.users.x",
    ),
    f"appends={'comments.post.' * 6}comments",
    *(
        "sort=titel",
        "page=1",
        "nothing=1",
        "Filter[id]=1",
        "triggerWorkflows=post-created",
        "dryRun=true",
        "values[a]=1",
    ),
    *("filterByTk=abc", "filterByTk=", "filterByTk[]=1&filterByTk[]=2", "filterByTk[a]=1", f"filterByTk={'9' * 400}"),
]
BAD_PAGES = [
    *("page=0", "page=-1", "page=x", "page=1.5", "page[]=1", "pageSize=0", "pageSize=x", "paginate=yes", "paginate=1"),
    *(f"page={'9' * 30}", "sort[a]=id", "sort=id;drop", "sort=author.id"),
]
BAD_WRITES = [
    *("whitelist=titel", "whitelist[a]=title", "blacklist=titel", "updateAssociationValues=title", "dryRun=yes"),
    *(
        "updateAssociationValues=author.password",
        f"updateAssociationValues={'post.comments.' * 300}post",
        "dryRun[]=true",
    ),
    *("filterKeys=titel", "filterKeys=category", "filterKeys[a]=title", "page=1", "sort=id", "paginate=true"),
    *(
        "triggerWorkflows=nothing",
        "triggerWorkflows=a!b!c",
        "triggerWorkflows[]=post-created",
        f"triggerWorkflows={LONG}",
    ),
    f"triggerWorkflows={','.join(f'k{number}' for number in range(21))}",
    *("fields=titel", "appends=nothing", "except=titel", "%ff=1", "a[=1", "a]b=1", "filterByTk[a]=1"),
]
BAD_BODIES: list[bytes] = [
    *(b"{", b"null", b'"x"', b"1", b"[[]]", b"[1]", b"[null]", b'{"title":"x","title":"y"}', b'{"title":NaN}'),
    *(b'{"titel":"x"}', b'{"title":1}', b'{"title":null}', b'{"title":"\\u0000"}', b'{"title":["x"]}', b'{"title":{}}'),
    *(b'{"title":"x","readCount":"many"}', b'{"title":"x","readCount":2147483648}', b'{"title":"x","readCount":1e400}'),
    *(b'{"title":"x","id":1}', b'{"title":"x","createdAt":"2024-05-03"}', b'{"title":"x","category":[1]}'),
    *(b'{"title":"x","tags":1}', b'{"title":"x","tags":{"id":1}}', b'{"title":"x","tags":[{"id":{}}]}'),
    *(b'{"title":"x","author":{"id":1,"password":"x"}}', b'{"title":"x","category":{"id":1},"categoryId":1}'),
    b'{"title":"x","tags":[' + b",".join([b'{"name":"x"}'] * 1001) + b"]}",
    b'{"title":"x","comments":[{"post":' * 6 + b"1" + b"}]}" * 6,
]
BAD_KEYS: list[bytes] = [
    *(b"", b"{}", b"{", b"null", b'"x"', b'["x"]', b"[null]", b"[[1]]", b"[{}]", b'[{"id":1,"name":"x"}]', b'{"id":1}'),
    *(b'{"values":{}}', b'{"values":[1],"more":1}', b"[1.5]", b"[true]", b"[99]", b"[2147483648]"),
    json.dumps([*range(1001)]).encode(),
]


@pytest.fixture
def root(client: httpx.AsyncClient, token: str) -> httpx.AsyncClient:
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def is_refusal(response: httpx.Response) -> bool:
    """Whether the request was refused as the caller's mistake, in the form of all refusals."""
    told = response.json()
    codes = [error.get("code") for error in told.get("errors", [])]
    return 400 <= response.status_code < 500 and bool(codes) and all(codes) and "data" not in told


@pytest.mark.parametrize("path", READS)
async def test_bad_parameters_of_reads(root: httpx.AsyncClient, path: str) -> None:
    paged = path.endswith(":list")
    good = {"page=1", "sort=id"} if paged else set()
    wanted = [query for query in [*BAD_READS, *(BAD_PAGES if paged else [])] if query not in good]

    taken = [
        query for query in wanted if not is_refusal(await root.get(f"/api/{path}", params=httpx.QueryParams(query)))
    ]

    assert [] == taken


@pytest.mark.parametrize("path", WRITES)
async def test_bad_parameters_of_writes(root: httpx.AsyncClient, rows: Rows, path: str) -> None:
    before = await rows()
    values = {"content": "x"} if "comments" in path else {"title": "x"}

    taken = [query for query in BAD_WRITES if not is_refusal(await root.post(f"/api/{path}?{query}", json=values))]

    assert [] == taken
    assert before == await rows()


@pytest.mark.parametrize(
    "path", [*WRITES[:2], "posts:firstOrCreate?filterKeys=title", "posts:updateOrCreate?filterKeys=title"]
)
async def test_bad_bodies_of_writes(root: httpx.AsyncClient, rows: Rows, path: str) -> None:
    before = await rows()

    taken = [body for body in BAD_BODIES if not is_refusal(await root.post(f"/api/{path}", content=body))]

    assert [] == taken
    assert before == await rows()


@pytest.mark.parametrize("path", LINKS)
async def test_bad_keys_of_links(root: httpx.AsyncClient, rows: Rows, path: str) -> None:
    before = await rows()
    harmless = [b"[99]"] if path.endswith("remove") else []

    bad = [body for body in BAD_KEYS if body not in harmless]
    taken = [body for body in bad if not is_refusal(await root.post(f"/api/{path}", content=body))]

    assert [] == taken
    assert before == await rows()


@pytest.mark.parametrize(
    "arguments",
    [
        *('id: "abc", values: {title: "x"}', "id: null, values: {}", "id: 1.5, values: {}", "id: {}, values: {}"),
        *("id: 1, values: []", "id: 1, values: null", 'id: 1, values: {titel: "x"}', "id: 1, values: {title: 1}"),
        *("id: 1, values: {title: null}", "id: 1, values: {readCount: 99999999999}", "id: 1, values: {tags: [1]}"),
        *('id: 1, values: {author: {id: 1, password: "x"}}', "id: 1, values: {category: {id: 1, banner: {id: {}}}}"),
        *("id: 1, values: {}, dryRun: 1", 'id: 1, values: {}, dryRun: "true"', "id: 1, values: {}, nothing: 1"),
        *('id: 1, values: {}, updateAssociationValues: ["title"]', "id: 1, values: {}, updateAssociationValues: [1]"),
        *("id: 1, values: {}, updateAssociationValues: {}", 'id: 1, values: {}, triggerWorkflows: "post-created"'),
        *('id: 1, values: {}, triggerWorkflows: [{key: "nothing"}]', "id: 1, values: {}, triggerWorkflows: [{}]"),
        f'id: 1, values: {{title: "{LONG}"}}',
    ],
)
async def test_bad_arguments_of_mutations(root: httpx.AsyncClient, rows: Rows, arguments: str) -> None:
    before = await rows()

    response = await root.post(
        "/graphql", json={"query": f"mutation {{ updatePost({arguments}) {{ record {{ id }} }} }}"}
    )

    errors = response.json()["errors"]
    assert all(error["extensions"]["code"] != "INTERNAL" for error in errors)
    assert not (response.json().get("data") or {}).get("updatePost")
    assert before == await rows()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        *("filter", "filterByTk", "fields", "except", "appends", "sort", "page", "pageSize", "paginate", "whitelist"),
        *("blacklist", "updateAssociationValues", "filterKeys", "triggerWorkflows", "dryRun", "all", "nothing"),
    ]
)
TRIED = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@TRIED
@given(
    path=st.sampled_from([*READS, *WRITES, *LINKS, "posts:update", "posts:destroy", "posts/1/comments:destroy"]),
    query=st.dictionaries(NAMES, ANYTHING, max_size=3),
    body=ANYTHING,
)
async def test_whatever_is_asked_of_rest_is_answered_or_refused(
    root: httpx.AsyncClient, path: str, query: dict[str, Any], body: Any
) -> None:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
    content = b"" if path in READS else json.dumps(body).encode()

    response = await root.post(f"/api/{path}", params=texts, content=content)

    assert response.status_code == 200 or is_refusal(response), response.text


@TRIED
@given(values=ANYTHING, id=ANYTHING, keys=ANYTHING, filter=ANYTHING, names=ANYTHING)
async def test_whatever_is_asked_of_graphql_is_answered_or_refused(root: httpx.AsyncClient, **variables: Any) -> None:
    document = """mutation (
        $values: PostUpdateInput!, $id: ID!, $keys: [ID!]!, $filter: PostFilter, $names: [String!]
    ) {
        updatePost(id: $id, values: $values, updateAssociationValues: $names) { record { id } }
        updatePosts(filter: $filter, values: $values, dryRun: true) { records { id } }
        setPostTags(id: $id, keys: $keys) { keys }
    }"""

    content = json.dumps({"query": document, "variables": variables}).encode()
    response = await root.post("/graphql", content=content, headers={"Content-Type": "application/json"})

    errors = response.json().get("errors", [])
    assert response.status_code < 500
    assert all(error.get("extensions", error)["code"] != "INTERNAL" for error in errors)


async def test_what_is_refused_is_refused_alike(door: Door, rows: Rows) -> None:
    """The same fault has the same code and place in both doors."""
    before = await rows()

    answer = await door.create("posts", {"title": "x" * 256, "category": {"id": 99}, "tags": [{"name": None}]})

    assert [("BAD_VALUE", ["title"]), ("REQUIRED", ["tags", 0, "name"]), ("BAD_VALUE", ["category", "id"])] == [
        (error["code"], error["path"]) for error in answer.errors
    ]
    assert before == await rows()
