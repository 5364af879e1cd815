"""The gate: what a grant document allows, what it may say, and what the sample's roles may do (attacks B10, B14)."""

import pytest

from engine import actions
from engine.actions import (
    Action,
    Actor,
    CountRecords,
    CreateRecords,
    DestroyRecords,
    FindOrCreate,
    FirstOrCreateRecord,
    GetRecord,
    LinkMode,
    LinkRecords,
    ListRecords,
    LoadRelated,
    Owner,
    Rights,
    UpdateOrCreateRecord,
    UpdateRecords,
    Write,
    WriteValues,
)
from engine.data.collections import Collections
from engine.data.metadata import read_collections
from engine.database import close_database, open_database
from engine.errors import Code, Refusal
from engine.identity.roles import granted_workflows
from engine.system.models import Execution, Job, Role, User, Workflow
from schema.permissions import SYSTEM, authorize, check_grants, may, require, rights
from schema.permissions import VERBS as RULES
from schema.sample.roles import ROLES, roles_for
from tests.databases import MakeDatabase

DATA = ("posts", "categories", "tags", "comments", "notes", "banners")
VERBS = ("read", "create", "update", "destroy")


@pytest.fixture
async def collections(make_database: MakeDatabase):
    models = await open_database(await make_database("schema.sample.models"), ["schema.sample.models"])
    yield read_collections(models, [User, Role, Workflow, Execution, Job])
    await close_database()


def actor(grants: dict, workflows: object = ()) -> Actor:
    return Actor(1, "mary", None, "tested", ("tested",), grants, granted_workflows(workflows))


def holder(name: str) -> Actor:
    """Somebody in one of the sample's roles."""
    role = next(role for role in ROLES if role.name == name)
    workflows = role.workflows if role.workflows is True else list(role.workflows)
    return Actor(1, "mary", None, name, (name,), role.grants, granted_workflows(workflows))


def triggers(somebody: Actor, key: str) -> bool:
    return ListRecords(collection="posts", rights=rights(somebody, Collections([]))).may_trigger(key)


def faults(grants: object, workflows: object, collections: Collections) -> list[tuple]:
    return [(fault.code, fault.path) for fault in check_grants(grants, workflows, collections)]


def action(verb: str, collection: str) -> Action:
    match verb:
        case "create":
            return CreateRecords(collection=collection, values=({},))
        case "update":
            return UpdateRecords(collection=collection, values={})
        case "destroy":
            return DestroyRecords(collection=collection)
    return ListRecords(collection=collection)


# --- the gate


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("granted", VERBS)
def test_an_action_is_granted_or_denied_by_its_own_name(verb, granted):
    somebody = actor({"posts": {granted: {}}})

    assert (verb == granted) == may(somebody, "posts", verb)


@pytest.mark.parametrize(
    "wanted",
    [
        ListRecords(collection="posts"),
        GetRecord(collection="posts"),
        CountRecords(collection="posts"),
        LoadRelated(collection="posts", relation="category", keys=()),
    ],
    ids=lambda wanted: type(wanted).__name__,
)
async def test_every_way_of_reading_needs_the_grant_to_read(wanted, collections):
    assert authorize(actor({"posts": {"read": {}}}), wanted, collections)
    with pytest.raises(Refusal) as refusal:
        authorize(actor({"posts": {"create": {}, "update": {}, "destroy": {}}}), wanted, collections)
    assert Code.NO_PERMISSION == refusal.value.code


def test_every_action_there_is_has_a_rule():
    there = {kind for kind in vars(actions).values() if isinstance(kind, type) and issubclass(kind, Action)}

    assert there - {Action, Write, WriteValues, FindOrCreate} == set(RULES)


OWNER = Owner("posts", 1, "comments")


@pytest.mark.parametrize(
    ("wanted", "grants"),
    [
        (ListRecords(collection="comments", owner=OWNER), {"comments": {"read": {}}, "posts": {"read": {}}}),
        (
            CreateRecords(collection="comments", owner=OWNER, values=()),
            {"comments": {"create": {}}, "posts": {"read": {}}},
        ),
        (DestroyRecords(collection="comments", owner=OWNER), {"comments": {"destroy": {}}, "posts": {"read": {}}}),
        (
            LinkRecords(collection="comments", owner=OWNER, mode=LinkMode.ADD),
            {"comments": {"read": {}}, "posts": {"update": {}}},
        ),
        (FirstOrCreateRecord(collection="tags", values={}), {"tags": {"read": {}, "create": {}}}),
        (UpdateOrCreateRecord(collection="tags", values={}), {"tags": {"read": {}, "update": {}, "create": {}}}),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_an_action_needs_all_of_its_grants(wanted, grants, collections):
    """Nothing more than these lets it through, and nothing less."""
    assert authorize(actor(grants), wanted, collections)
    for name, granted in grants.items():
        for verb in granted:
            with pytest.raises(Refusal) as refusal:
                authorize(actor(without(grants, name, verb)), wanted, collections)
            assert Code.NO_PERMISSION == refusal.value.code


def without(grants: dict, name: str, verb: str) -> dict:
    return {**grants, name: {other: limits for other, limits in grants[name].items() if other != verb}}


def test_an_action_without_a_rule_is_not_let_through():
    class Unheard(Action):
        pass

    with pytest.raises(KeyError):
        authorize(holder("root"), Unheard(collection="posts"), Collections([]))


def test_nobody_is_asked_for_a_token():
    with pytest.raises(Refusal) as refusal:
        authorize(None, ListRecords(collection="posts"), Collections([]))

    assert Code.EMPTY_TOKEN == refusal.value.code


async def test_an_authorized_action_carries_the_rights_in_other_collections(collections):
    """Filters, appends and nested values reach those, and the engine asks the action."""
    somebody = actor({"posts": {"read": {}, "create": {}}, "tags": {"read": {}}, "categories": {"update": {}}})

    given = authorize(somebody, CreateRecords(collection="posts", values=({},)), collections).rights

    assert ({"posts", "tags"}, {"posts"}, {"categories"}) == (given.read, given.create, given.update)


async def test_what_comes_with_an_action_grants_nothing(collections):
    """Rights are the gate's to give: those that an action brings along are replaced."""
    brought = ListRecords(collection="posts", rights=Rights(read=frozenset({"users"})))

    assert not authorize(actor({"posts": {"read": {}}}), brought, collections).may_read("users")


@pytest.mark.parametrize("collection", sorted(SYSTEM))
def test_the_star_leaves_our_own_tables_out(collection):
    somebody = actor({"*": {verb: {} for verb in VERBS}})

    assert may(somebody, "anything", "destroy")
    assert not any(may(somebody, collection, verb) for verb in VERBS)
    assert not may(somebody, "a later table of ours", "read", system=True)


def test_a_named_collection_is_not_covered_by_the_star():
    somebody = actor({"*": {"read": {}, "create": {}}, "posts": {"read": {}}})

    assert may(somebody, "tags", "create")
    assert not may(somebody, "posts", "create")


def test_jobs_are_read_with_their_execution():
    assert may(actor({"executions": {"read": {}}}), "jobs", "read")
    assert not may(actor({"jobs": {"read": {}}}), "jobs", "read")


@pytest.mark.parametrize(
    "granted",
    [
        *(None, True, [], "read", {"read": None}, {"read": True}),
        *({"read": {"fields": "id"}}, {"read": {"filter": []}}, {"read": {"columns": []}}),
    ],
    ids=str,
)
def test_a_grant_that_is_not_understood_grants_nothing(granted):
    assert not may(actor({"posts": granted}), "posts", "read")
    assert not may(actor({"*": granted}), "posts", "read")


def test_what_is_denied_is_named():
    with pytest.raises(Refusal) as refusal:
        require(actor({}), "posts", "create")

    [complaint] = refusal.value.complaints
    assert {"collection": "posts", "action": "create"} == complaint.details


@pytest.mark.parametrize(
    ("workflows", "expected"), [(True, True), (["key"], True), (["other"], False), ([], False), (None, False)], ids=str
)
def test_a_workflow_is_triggered_by_those_who_may(workflows, expected):
    assert expected == triggers(actor({}, workflows), "key")


# --- the document


async def test_the_documents_of_the_sample_are_valid(collections):
    for role in roles_for(collections):
        workflows = role.workflows if role.workflows is True else list(role.workflows)
        assert [] == faults(dict(role.grants), workflows, collections)


async def test_another_application_is_granted_what_it_has():
    named = {"*", "users", "/metrics", "apiKeys"}

    assert [named, named, {"*", "apiKeys"}, {"users"}] == [set(role.grants) for role in roles_for(["users", "cars"])]


@pytest.mark.parametrize(
    ("grants", "path"),
    [
        (None, ("grants",)),
        ([], ("grants",)),
        ({"post": {"read": {}}}, ("grants", "post")),
        ({"Posts": {"read": {}}}, ("grants", "Posts")),
        ({"sqlite_master": {"read": {}}}, ("grants", "sqlite_master")),
        ({"revoked_tokens": {"read": {}}}, ("grants", "revoked_tokens")),
        ({"jobs": {"read": {}}}, ("grants", "jobs")),
        ({"posts": ["read"]}, ("grants", "posts")),
        ({"posts": {"list": {}}}, ("grants", "posts", "list")),
        ({"posts": {"Read": {}}}, ("grants", "posts", "Read")),
        ({"posts": {"read": None}}, ("grants", "posts", "read")),
        ({"posts": {"read": True}}, ("grants", "posts", "read")),
        ({"posts": {"read": {"field": ["id"]}}}, ("grants", "posts", "read", "field")),
        ({"posts": {"read": {"fields": "id"}}}, ("grants", "posts", "read", "fields")),
        ({"posts": {"read": {"fields": ["id", 7]}}}, ("grants", "posts", "read", "fields", 1)),
        ({"posts": {"destroy": {"fields": ["id"]}}}, ("grants", "posts", "destroy", "fields")),
        ({"users": {"update": {"fields": ["nickname"]}}}, ("grants", "users", "update", "fields")),
        ({"*": {"read": {"fields": ["id"]}}}, ("grants", "*", "read", "fields")),
        ({"*": {"read": {"filter": {"id": 1}}}}, ("grants", "*", "read", "filter")),
        ({"posts": {"read": {"filter": "{{$user.id}}"}}}, ("grants", "posts", "read", "filter")),
        ({"posts": {"read": {"filter": {"author": "{{$user.id}}"}}}}, ("grants", "posts", "read", "filter", "author")),
        (
            {"posts": {"update": {"filter": {"authorId": "{{$user.password}}"}}}},
            ("grants", "posts", "update", "filter", "authorId"),
        ),
        (
            {"posts": {"update": {"filter": {"$or": [{"authorId": {"$in": ["{{user.id}}"]}}]}}}},
            ("grants", "posts", "update", "filter", "$or", 0, "authorId", "$in", 0),
        ),
    ],
    ids=str,
)
async def test_a_document_with_one_fault(collections, grants, path):
    assert [(Code.ROLE_INVALID, path)] == faults(grants, [], collections)


async def test_every_name_in_the_limits_is_checked(collections):
    grants = {"posts": {"read": {"fields": ["titel", "title"], "filter": {"titel": "x"}}}}

    assert [
        ("grants", "posts", "read", "fields", 0),
        ("grants", "posts", "read", "filter", "titel"),
    ] == [path for _, path in faults(grants, [], collections)]


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"fields": []},
        {"fields": ["title", "author", "tags"]},
        {"filter": {}},
        {"filter": {"authorId": "{{$user.id}}"}},
        {"filter": {"author": {"username": "{{ $user.username }}"}, "createdAt": {"$lt": "{{$now}}"}}},
        {"fields": ["title"], "filter": {"$or": [{"status": "published"}, {"authorId": {"$in": ["{{$user.id}}"]}}]}},
    ],
    ids=str,
)
async def test_limits_that_are_taken(collections, limits):
    assert [] == faults({"posts": {"read": limits, "create": limits, "update": limits}}, [], collections)


async def test_a_secret_column_is_told_like_none(collections):
    grants = {"users": {"read": {"fields": ["passwordHash", "nothing"]}}}

    messages = [fault.message for fault in check_grants(grants, [], collections)]

    assert ["'passwordHash' is not a field of 'users'.", "'nothing' is not a field of 'users'."] == messages


@pytest.mark.parametrize(
    ("workflows", "path"),
    [(None, ("workflows",)), (False, ("workflows",)), ("a", ("workflows",)), ([1], ("workflows", 0))],
)
async def test_workflows_are_a_list_of_keys_or_true(collections, workflows, path):
    assert [(Code.ROLE_INVALID, path)] == faults({}, workflows, collections)


async def test_a_workflow_that_nobody_knows(collections):
    [fault] = check_grants({}, ["known", "typo"], collections, lambda key: key == "known")

    assert ("workflows", 1) == fault.path


async def test_all_faults_are_told_together(collections):
    assert 3 == len(faults({"post": {}, "tags": {"reed": {}}}, "all", collections))


# --- the sample's roles: the declared matrix, collection by collection

_ALL = "read create update destroy"
_MATRIX = {
    "root": {**dict.fromkeys((*DATA, "users", "roles", "workflows", "executions", "jobs"), _ALL)},
    "admin": {**dict.fromkeys((*DATA, "users", "roles", "workflows", "executions", "jobs"), _ALL)},
    "editor": {**dict.fromkeys(DATA, _ALL), "executions": "read", "jobs": "read"},
    "member": {"posts": _ALL, "categories": "read create", **dict.fromkeys(("tags", "comments", "users"), "read")},
}


@pytest.mark.parametrize("role", _MATRIX)
@pytest.mark.parametrize("collection", [*DATA, *sorted(SYSTEM)])
@pytest.mark.parametrize("verb", VERBS)
async def test_what_the_samples_roles_may_do(role, collection, verb, collections):
    expected = verb in _MATRIX[role].get(collection, "").split()

    assert expected == may(holder(role), collection, verb)
    if not expected:
        with pytest.raises(Refusal):
            authorize(holder(role), action(verb, collection), collections)


@pytest.mark.parametrize("role", _MATRIX)
@pytest.mark.parametrize("key", ["post-created", "category-created", "post-audit"])
def test_every_role_may_trigger_the_samples_workflows(role, key):
    assert triggers(holder(role), key)


def test_a_member_may_trigger_no_others():
    assert not triggers(holder("member"), "anything")
