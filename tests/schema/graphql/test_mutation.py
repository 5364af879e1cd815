"""Mutations: which action a document becomes, and how what was written is answered."""

import pytest

from engine.actions import (
    CreateRecords,
    DestroyRecords,
    LinkMode,
    LinkRecords,
    Owner,
    UpdateOrCreateRecord,
    UpdateRecords,
    WorkflowRef,
)
from engine.errors import Code, Complaint, Refusal, refuse
from engine.outcomes import SkippedTrigger, SkipReason, TriggeredWorkflow, Written
from tests.schema.graphql.conftest import codes

POST = {"id": 3, "title": "x", "authorId": 1, "categoryId": None}


def written(*records, **more):
    return Written(list(records), len(records), **more)


async def run(door, resolve, document, answer, **variables):
    resolve.answers = [answer]
    result = await door(document, **variables)

    assert result.errors is None
    return result.data


async def test_create_becomes_the_action_of_rest(door, resolve):
    data = await run(
        door,
        resolve,
        'mutation { createPost(values: {title: "x", content: null, readCount: 2}, '
        'triggerWorkflows: [{key: "a"}, {key: "b", association: "category.banner"}]) { record { id title } } }',
        written(POST),
    )

    assert {"createPost": {"record": {"id": "3", "title": "x"}}} == data
    assert [
        CreateRecords(
            collection="posts",
            values=({"title": "x", "content": None, "readCount": 2},),
            workflows=(WorkflowRef("a"), WorkflowRef("b", ("category", "banner"))),
        )
    ] == resolve.actions


async def test_variables_say_null_and_absent_apart(door, resolve):
    await run(
        door,
        resolve,
        "mutation ($values: PostCreateInput!) { createPost(values: $values) { record { id } } }",
        written(POST),
        values={"title": "x", "content": None},
    )

    assert ({"title": "x", "content": None},) == resolve.actions[0].values


async def test_nested_records_are_linked_or_created(door, resolve):
    await run(
        door,
        resolve,
        'mutation { createPost(values: {title: "x", category: {title: "c", banner: {id: 4}}, author: {id: "1"}, '
        'tags: [{id: 1}, {name: "t"}], comments: []}) { record { id } } }',
        written(POST),
    )

    assert (
        {
            "title": "x",
            "category": {"title": "c", "banner": {"id": "4"}},
            "author": {"id": "1"},
            "tags": [{"id": "1"}, {"name": "t"}],
            "comments": [],
        },
    ) == resolve.actions[0].values


async def test_many_update_and_destroy_become_their_actions(door, resolve):
    await run(
        door, resolve, 'mutation { createPosts(values: [{title: "a"}, {title: "b"}]) { records { id } } }', written()
    )
    await run(door, resolve, 'mutation { updatePost(id: 3, values: {title: "x"}) { record { id } } }', written(POST))
    await run(
        door,
        resolve,
        'mutation { updatePosts(filter: {title: {eq: "a"}}, values: {title: "x"}) { records { id } } }',
        written(),
    )
    await run(door, resolve, 'mutation { destroyPost(id: "3", triggerWorkflows: []) { count } }', written())
    await run(door, resolve, "mutation { destroyPosts(filter: {id: {in: [1, 2]}}) { count } }", Written([], 2))
    await run(door, resolve, "mutation { destroyPosts(filter: {}) { count } }", Written([], 2))

    assert [
        CreateRecords(collection="posts", values=({"title": "a"}, {"title": "b"}), many=True),
        UpdateRecords(collection="posts", keys=("3",), values={"title": "x"}),
        UpdateRecords(collection="posts", filter={"title": {"$eq": "a"}}, values={"title": "x"}),
        DestroyRecords(collection="posts", keys=("3",)),
        DestroyRecords(collection="posts", filter={"id": {"$in": ["1", "2"]}}),
        DestroyRecords(collection="posts"),
    ] == resolve.actions


async def test_enums_and_wide_numbers_arrive_as_wire_values(shop_door, resolve):
    await run(
        shop_door,
        resolve,
        'mutation { createOrder(values: {status: paid, customerId: "u", products: [{sku: "p", price: 1.50, '
        'stock: "9"}]}) { record { status } } }',
        written({"id": 2**60, "status": "paid", "customerId": "u"}),
    )

    [values] = resolve.actions[0].values
    assert "paid" == values["status"]
    assert [{"sku": "p", "price": 1.5, "stock": "9"}] == values["products"]


async def test_what_a_write_started_is_in_the_payload(door, resolve):
    data = await run(
        door,
        resolve,
        'mutation { createPost(values: {title: "x"}) { workflows { key association sync executionId status output '
        "messages { message } } skipped { key association reason } messages { message } } }",
        written(
            POST,
            workflows=(TriggeredWorkflow("a", "category", True, 7, "succeeded", {"n": 1}, ("hello",)),),
            skipped=(SkippedTrigger("b", None, SkipReason.NULL_TARGET),),
        ),
    )

    assert {
        "workflows": [
            {
                "key": "a",
                "association": "category",
                "sync": True,
                "executionId": "7",
                "status": "succeeded",
                "output": {"n": 1},
                "messages": [{"message": "hello"}],
            }
        ],
        "skipped": [{"key": "b", "association": None, "reason": "NULL_TARGET"}],
        "messages": [{"message": "hello"}],
    } == data["createPost"]


async def test_each_complaint_is_an_error_at_the_field(door, resolve):
    title = Complaint(Code.REQUIRED, "'title' is required.", ("title",))
    trigger = Complaint(Code.TRIGGER_UNKNOWN, "no such", ("triggerWorkflows", 0), {"trigger": "a"})
    resolve.answers = [Refusal([title, trigger])]

    result = await door("mutation { made: createPost(values: {}) { record { id } } }")

    assert {"made": None} == result.data
    assert [["made"], ["made"]] == [error.path for error in result.errors]
    assert [
        {"code": "REQUIRED", "path": ["title"]},
        {"code": "TRIGGER_UNKNOWN", "path": ["triggerWorkflows", 0], "details": {"trigger": "a"}},
    ] == [error.extensions for error in result.errors]
    assert ["'title' is required.", "no such"] == [error.message for error in result.errors]


async def test_refused_mutation_does_not_hide_its_siblings(door, resolve):
    resolve.answers = [written(POST), refuse(Code.NO_PERMISSION, "no"), written(POST)]

    result = await door(
        'mutation { a: createPost(values: {title: "x"}) { record { id } } b: destroyPost(id: 1) { count } '
        'c: createPost(values: {title: "y"}) { record { id } } }'
    )

    assert {"a": {"record": {"id": "3"}}, "b": None, "c": {"record": {"id": "3"}}} == result.data
    assert ["NO_PERMISSION"] == codes(result)


@pytest.mark.parametrize("association", ["", "a..b", "a!b"])
async def test_malformed_association_is_a_fault_for_the_resolver(door, resolve, association):
    """The check of references tells it with all other complaints; GraphQL decides nothing."""
    await run(
        door,
        resolve,
        'mutation ($a: String) { createPost(values: {title: "x"}, triggerWorkflows: [{key: "k", association: $a}]) '
        "{ record { id } } }",
        written(POST),
        a=association,
    )

    [reference] = resolve.actions[0].workflows
    assert reference.fault


async def test_relations_of_the_answer_are_read_after_the_write(door, resolve):
    """What a first mutation loaded is not shown again after the second."""
    resolve.answers = [written(POST), written(POST)]
    resolve.related = {("posts", "author"): {3: {"id": 1, "username": "root"}}}

    result = await door(
        'mutation { a: updatePost(id: 3, values: {title: "x"}) { record { author { username } } } '
        'b: updatePost(id: 3, values: {title: "y"}) { record { author { username } } } }'
    )

    assert "root" == result.data["b"]["record"]["author"]["username"]
    names = [type(action).__name__ for action in resolve.actions]
    assert ["UpdateRecords", "LoadRelated", "UpdateRecords", "LoadRelated"] == names


@pytest.mark.parametrize(
    ("document", "relation", "mode", "keys"),
    [
        ('addPostTags(id: 1, keys: ["2", 3])', "tags", LinkMode.ADD, ("2", "3")),
        ("setPostTags(id: 1, keys: [])", "tags", LinkMode.SET, ()),
        ("removePostTags(id: 1, keys: 2)", "tags", LinkMode.REMOVE, ("2",)),
        ("togglePostTags(id: 1, key: 2)", "tags", LinkMode.TOGGLE, ("2",)),
        ("setPostCategory(id: 1, key: 2)", "category", LinkMode.SET, ("2",)),
        ("removePostCategory(id: 1)", "category", LinkMode.REMOVE, None),
    ],
)
async def test_links_become_the_action_of_rest(door, resolve, document, relation, mode, keys):
    data = await run(door, resolve, f"mutation {{ it: {document} {{ keys }} }}", [2, 3])

    target = {"tags": "tags", "category": "categories"}[relation]
    assert {"it": {"keys": ["2", "3"]}} == data
    assert [
        LinkRecords(collection=target, owner=Owner("posts", "1", relation), mode=mode, keys=keys)
    ] == resolve.actions


async def test_all_options_reach_the_action(door, resolve):
    await run(
        door,
        resolve,
        'mutation { updateOrCreatePost(values: {title: "x"}, filterKeys: ["title"], dryRun: true, '
        'updateAssociationValues: ["tags"]) { workflows { executionId status } } }',
        written(POST, workflows=(TriggeredWorkflow("a", None, False, None, "planned"),)),
    )

    assert [
        UpdateOrCreateRecord(
            collection="posts",
            values={"title": "x"},
            filter_keys=("title",),
            update_associations=("tags",),
            dry_run=True,
        )
    ] == resolve.actions
