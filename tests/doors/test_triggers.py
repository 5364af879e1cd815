"""The trigger arguments: what each reference is refused for, through both doors, and that nothing is written then."""

import pytest

from engine.system.models import Execution
from engine.workflow.references import MAX_TRIGGERS
from tests.doors.conftest import Rows, Save, give_role
from tests.doors.door import Door

POST = {"title": "Hello", "category": {"title": "Greetings"}}

REFUSED = [
    pytest.param(["a!"], ["TRIGGER_SYNTAX"], id="no path behind the bang"),
    pytest.param(["!a"], ["TRIGGER_SYNTAX"], id="no key before the bang"),
    pytest.param(["post-created!a..b"], ["TRIGGER_SYNTAX"], id="an empty name in the path"),
    pytest.param(["post created"], ["TRIGGER_SYNTAX"], id="a key with a space"),
    pytest.param(["post-creatd"], ["TRIGGER_UNKNOWN"], id="no such key"),
    pytest.param(["Post-Created"], ["TRIGGER_UNKNOWN"], id="keys are case-sensitive"),
    pytest.param(["off"], ["TRIGGER_DISABLED"], id="no enabled version"),
    pytest.param(["category-created!kategory"], ["TRIGGER_PATH_UNKNOWN"], id="no such relation"),
    pytest.param(["category-created!Category"], ["TRIGGER_PATH_UNKNOWN"], id="relations are case-sensitive"),
    pytest.param(["category-created!category.banner.url"], ["TRIGGER_PATH_UNKNOWN"], id="a column is no relation"),
    pytest.param(["post-created!author"], ["TRIGGER_MANY_TO_ONE"], id="a foreign key"),
    pytest.param(["post-created!category.post.author"], ["TRIGGER_MANY_TO_ONE"], id="a foreign key two hops on"),
    pytest.param(["post-created!tags"], ["TRIGGER_TO_MANY"], id="many-to-many"),
    pytest.param(["post-created!comments"], ["TRIGGER_TO_MANY"], id="the reverse of a foreign key"),
    pytest.param(["category-created"], ["TRIGGER_COLLECTION_MISMATCH"], id="a workflow about something else"),
    pytest.param(["post-created!category"], ["TRIGGER_COLLECTION_MISMATCH"], id="the path ends elsewhere"),
    pytest.param(
        ["post-created!author", "nobody", "category-created", "!", "off!tags"],
        [
            "TRIGGER_SYNTAX",
            "TRIGGER_UNKNOWN",
            "TRIGGER_DISABLED",
            "TRIGGER_MANY_TO_ONE",
            "TRIGGER_TO_MANY",
            "TRIGGER_COLLECTION_MISMATCH",
        ],
        id="all of them together, in the order of the table",
    ),
    pytest.param([f"key-{number}" for number in range(MAX_TRIGGERS + 1)], ["TRIGGER_TOO_MANY"], id="too many"),
]


@pytest.fixture(autouse=True)
async def off(save: Save) -> None:
    await save("off", enabled=False)


@pytest.mark.parametrize(("triggers", "codes"), REFUSED)
async def test_a_create_is_refused_before_anything_is_written(
    door: Door, rows: Rows, triggers: list[str], codes: list[str]
) -> None:
    before = await rows()

    answer = await door.create("posts", POST, triggers=triggers)

    assert codes == answer.codes
    assert before == await rows()


@pytest.mark.parametrize(("triggers", "codes"), REFUSED)
async def test_an_update_is_refused_before_anything_is_written(
    door: Door, rows: Rows, triggers: list[str], codes: list[str]
) -> None:
    before = await rows()

    answer = await door.update("posts", {"title": "Changed"}, key=1, triggers=triggers)

    assert codes == answer.codes
    assert before == await rows()


@pytest.mark.parametrize(("triggers", "codes"), REFUSED)
async def test_a_destroy_is_refused_before_anything_is_written(
    door: Door, rows: Rows, triggers: list[str], codes: list[str]
) -> None:
    before = await rows()

    answer = await door.destroy("posts", key=1, triggers=triggers)

    assert codes == answer.codes
    assert before == await rows()


async def test_a_refusal_says_which_trigger_and_between_which_collections(door: Door) -> None:
    answer = await door.create("posts", POST, triggers=["post-created!author"])

    [error] = answer.errors
    said = {"trigger": "post-created!author", "relation": "author", "from": "posts", "to": "users", "kind": "manyToOne"}
    assert said == error["details"]
    assert ["triggerWorkflows", 0] == error["path"]


async def test_complaints_about_triggers_and_values_come_together(door: Door) -> None:
    answer = await door.create("posts", {"content": "no title"}, triggers=["nobody"])

    assert {"REQUIRED", "TRIGGER_UNKNOWN"} == set(answer.codes)


async def test_a_role_may_not_name_a_workflow_that_it_was_not_given(door: Door, save: Save, rows: Rows) -> None:
    await save("admins-only")
    before = await rows()

    answer = await door.create("posts", {"title": "Hello"}, triggers=["admins-only"], role="member")

    assert ["TRIGGER_FORBIDDEN"] == answer.codes
    assert before == await rows()


async def test_a_role_may_not_hand_over_what_it_may_not_read(door: Door, rows: Rows) -> None:
    grants = {"posts": {"read": {}, "create": {}}, "categories": {"create": {}}}
    await give_role("narrow", grants)
    before = await rows()

    answer = await door.create("posts", {"title": "Hello"}, triggers=["category-created!category"], role="narrow")

    assert ["TRIGGER_FORBIDDEN"] == answer.codes
    assert before == await rows()


async def test_what_is_wrong_in_itself_is_told_before_what_is_forbidden(door: Door, save: Save) -> None:
    await save("admins-only")

    answer = await door.create("posts", {"title": "Hello"}, triggers=["admins-only", "nobody"], role="member")

    assert ["TRIGGER_UNKNOWN", "TRIGGER_FORBIDDEN"] == answer.codes


RUN = [
    pytest.param(["post-created"], [("post-created", None)], id="the record itself"),
    pytest.param(["category-created!category"], [("category-created", "category")], id="a one-to-one relation"),
    pytest.param(["post-created!category.post"], [("post-created", "category.post")], id="both sides of one"),
    pytest.param(["post-created", "post-created"], [("post-created", None)], id="a duplicate runs once"),
    pytest.param(
        ["category-created!category", "post-created"],
        [("category-created", "category"), ("post-created", None)],
        id="in the order named",
    ),
    pytest.param([" post-created "], [("post-created", None)], id="with spaces around"),
]


@pytest.mark.parametrize(("triggers", "started"), RUN)
async def test_named_workflows_run_in_their_order_and_then_the_global_ones(
    door: Door, triggers: list[str], started: list[tuple[str, str | None]]
) -> None:
    answer = await door.create("posts", POST, triggers=triggers)

    assert [*started, ("post-audit", None)] == answer.started
    assert len(started) + 1 == await Execution.all().count()


async def test_the_workflow_has_the_related_record_as_its_data(door: Door) -> None:
    await door.create("posts", POST, triggers=["category-created!category"])

    execution = await Execution.get(key="category-created")
    assert {"id": 2, "title": "Greetings", "bannerId": None, "banner": None} == execution.context["data"]
    assert ("categories", "2", "category") == (execution.collection, execution.record_key, execution.association)


async def test_a_path_crosses_several_relations(door: Door, save: Save) -> None:
    await save("banner-seen", "banners")
    values = {"title": "Hello", "category": {"title": "Greetings", "banner": {"url": "/b.png"}}}

    await door.create("posts", values, triggers=["banner-seen!category.banner"])

    execution = await Execution.get(key="banner-seen")
    assert "/b.png" == execution.context["data"]["url"]


async def test_a_path_that_ends_nowhere_is_told_and_the_record_is_written(door: Door) -> None:
    answer = await door.create("posts", {"title": "Hello"}, triggers=["category-created!category"])

    assert [{"key": "category-created", "association": "category", "reason": "NULL_TARGET"}] == answer.skipped
    assert [("post-audit", None)] == answer.started


async def test_naming_a_global_workflow_does_not_run_it_twice(door: Door) -> None:
    answer = await door.create("posts", POST, triggers=["post-audit"])

    assert [("post-audit", None)] == answer.started


async def test_each_record_of_an_array_has_its_execution(door: Door) -> None:
    answer = await door.create("posts", [{"title": "a"}, {"title": "b"}], triggers=["post-created"])

    assert 2 * ["post-created"] + 2 * ["post-audit"] == [key for key, _ in answer.started]


async def test_a_destroyed_record_is_handed_over_as_it_was(door: Door) -> None:
    answer = await door.destroy("posts", key=1, triggers=["post-created", "category-created!category"])

    assert 1 == answer.data
    assert "A write that fires a workflow" == (await Execution.get(key="post-created")).context["data"]["title"]
    assert "Announcements" == (await Execution.get(key="category-created")).context["data"]["title"]


async def test_an_update_says_what_changed_and_what_it_was(door: Door) -> None:
    await door.update("posts", {"title": "New", "status": "published"}, key=1)

    context = (await Execution.get(key="post-audit")).context
    assert ("update", ["title"]) == (context["action"], context["changed"])
    assert ("A write that fires a workflow", "New") == (context["previous"]["title"], context["data"]["title"])


async def test_secret_columns_never_enter_a_context(door: Door, save: Save) -> None:
    await save("with-author", config={"appends": ["author"]})

    await door.create("posts", {"title": "Hello"}, triggers=["with-author"])

    author = (await Execution.get(key="with-author")).context["data"]["author"]
    assert "root" == author["username"]
    assert not {"passwordHash", "tokensValidFrom"} & author.keys()


class TestLenient:
    """With BANGPATH_TRIGGERS=lenient, what a caller used to another service gets wrong is skipped and told."""

    @pytest.fixture
    def changed(self) -> dict[str, str]:
        return {"triggers": "lenient"}

    @pytest.mark.parametrize(
        ("trigger", "reason"),
        [
            ("nobody", "TRIGGER_UNKNOWN"),
            ("off", "TRIGGER_DISABLED"),
            ("category-created", "TRIGGER_COLLECTION_MISMATCH"),
        ],
    )
    async def test_keys_that_do_not_fit_are_skipped(self, door: Door, trigger: str, reason: str) -> None:
        answer = await door.create("posts", POST, triggers=[trigger])

        assert [{"key": trigger, "association": None, "reason": reason}] == answer.skipped
        assert [("post-audit", None)] == answer.started

    @pytest.mark.parametrize(
        ("trigger", "code"), [("a!", "TRIGGER_SYNTAX"), ("post-created!author", "TRIGGER_MANY_TO_ONE")]
    )
    async def test_syntax_and_relations_stay_errors(self, door: Door, rows: Rows, trigger: str, code: str) -> None:
        before = await rows()

        answer = await door.create("posts", POST, triggers=[trigger])

        assert [code] == answer.codes
        assert before == await rows()
