"""Which operation a path and a method mean, and that nothing else means one (attacks B13, E06)."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.routes import Routes, Target, parse_path
from engine.data.collections import Collections
from engine.errors import StartError
from tests.schema.graphql.conftest import collections_of


@pytest.fixture
async def collections() -> AsyncIterator[Collections]:
    async with collections_of("schema.sample.models") as found:
        yield found


def offered(collections: Collections, path: str) -> dict[str, str]:
    """The names of the operations at a path, by method."""
    target = parse_path(path)
    assert target is not None
    return {method: operation.name for method, operation in Routes(collections).offered(target).items()}


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("posts", Target("posts")),
        ("posts/7", Target("posts", key="7")),
        ("posts:list", Target("posts", "list")),
        ("posts:get/a:b", Target("posts", "get", "a:b")),
        ("posts/7/comments", Target("comments", owner=("posts", "7"))),
        ("posts/7/comments/9", Target("comments", key="9", owner=("posts", "7"))),
        ("posts/7/comments:list", Target("comments", "list", owner=("posts", "7"))),
        ("posts/7/comments:get/9", Target("comments", "get", "9", ("posts", "7"))),
    ],
)
def test_the_parts_of_a_path(path, target):
    assert target == parse_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "posts/",
        "posts:list/",
        "/posts:list",
        "posts//7",
        "posts:",
        ":list",
        "posts:list:get",
        "posts::list",
        "posts:list/7/comments",
        "posts/7/comments:list/9/x",
        "posts/7/:list",
    ],
)
def test_other_forms_name_nothing(path):
    assert parse_path(path) is None


@given(st.text("posts:/list.%2 \n", max_size=30))
def test_whatever_the_path_it_names_something_or_nothing(path):
    target = parse_path(path)

    assert target is None or (target.resource and target.action != "" and target.key != "")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("posts:list", {"GET": "posts:list", "POST": "posts:list"}),
        ("posts:get/7", {"GET": "posts:get", "POST": "posts:get"}),
        ("posts:count", {"GET": "posts:count", "POST": "posts:count"}),
        ("posts:create", {"POST": "posts:create"}),
        ("posts:update/7", {"POST": "posts:update"}),
        ("posts:destroy", {"POST": "posts:destroy"}),
        ("posts", {"GET": "posts:list", "POST": "posts:create"}),
        (
            "posts/7",
            {"GET": "posts:get", "PUT": "posts:update", "PATCH": "posts:update", "DELETE": "posts:destroy"},
        ),
        ("users", {"GET": "users:list", "POST": "users:create"}),
        ("executions", {"GET": "executions:list"}),
        ("executions/7", {"GET": "executions:get"}),
        ("executions/7/jobs", {"GET": "executions.jobs:list"}),
        ("executions/7/jobs:get/8", {"GET": "executions.jobs:get", "POST": "executions.jobs:get"}),
        ("posts/7/comments", {"GET": "posts.comments:list", "POST": "posts.comments:create"}),
        (
            "posts/7/comments/9",
            {
                "GET": "posts.comments:get",
                "PUT": "posts.comments:update",
                "PATCH": "posts.comments:update",
                "DELETE": "posts.comments:destroy",
            },
        ),
        ("categories/7/post", {"GET": "categories.post:get", "POST": "categories.post:create"}),
        ("posts/7/tags:toggle", {"POST": "posts.tags:toggle"}),
        ("posts/7/author:set", {"POST": "posts.author:set"}),
        ("users/7/posts:create", {"POST": "users.posts:create"}),
        ("posts:firstOrCreate", {"POST": "posts:firstOrCreate"}),
        ("auth:signIn", {"POST": "auth:signIn"}),
        ("auth:check", {"GET": "auth:check", "POST": "auth:check"}),
        ("workflows:revision/7", {"POST": "workflows:revision"}),
        ("collections", {"GET": "collections:list"}),
    ],
)
def test_what_is_offered(collections, path, methods):
    assert methods == offered(collections, path)


@pytest.mark.parametrize(
    "path",
    [
        *("posts:__init__", "posts:_meta", "posts:save", "posts:bulk_create", "posts:List", "Posts:list", "posts:run"),
        *("sqlite_master:list", "aerich:list", 'posts"--:list', "users_roles:list", "revoked_tokens:list", "Post:list"),
        *("executions:create", "executions:update/7", "jobs:destroy/7", "auth", "auth:list", "auth:signUp", "auth/7"),
        *("posts/7/author:add", "posts/7/author:list", "posts/7/author/9", "posts/7/author:create", "users:check"),
        *("users/7/roles:add", "users/7/posts:add", "users/7/roles:create", "executions/7/jobs:destroy"),
        *("posts/7/nothing:list", "nothing/7/posts:list", "posts/7/comments:trigger", "users:firstOrCreate"),
        *("posts:trigger", "posts :list", "posts\n:list"),
    ],
)
def test_what_is_not_offered(collections, path):
    assert {} == offered(collections, path)


def test_only_signing_in_is_open(collections):
    table = Routes(collections)._offered.values()

    assert ["auth:signIn"] == [each.name for operations in table for each in operations.values() if each.open]


def test_a_table_with_the_name_of_a_resource_stops_the_start(collections):
    mine = Collections([SimpleNamespace(name="auth", system=False)])

    with pytest.raises(StartError, match=r"'auth'.*rename it"):
        Routes(mine)
