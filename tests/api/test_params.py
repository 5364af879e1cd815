"""Query text as parameters: what each one means, and everything that is refused by name (attacks E10, C02)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.params import COUNT, CREATE, DESTROY, FIND_OR_CREATE, GET, LIST, LONGEST, UPDATE, Params, parse_params
from engine.actions import Selection, WorkflowRef
from engine.errors import Refusal


def params(query: str | bytes, allowed: tuple[str, ...] = LIST, key: str | None = None) -> Params:
    raw = query if isinstance(query, bytes) else query.encode()
    return parse_params(raw, "posts:act", allowed, page_limit=200, key=key)


def read(query: str | bytes, allowed: tuple[str, ...] = LIST, key: str | None = None) -> Params | Refusal:
    """The parameters, or the refusal of them."""
    try:
        return params(query, allowed, key)
    except Refusal as refusal:
        return refusal


def complaints(query: str, allowed: tuple[str, ...] = LIST, key: str | None = None) -> list[tuple[Any, ...]]:
    """The codes and places of what is wrong, whether it was listed or raised."""
    return [(complaint.code.value, complaint.path) for complaint in read(query, allowed, key).complaints]


def test_nothing_said_is_the_first_page_of_everything():
    assert Params() == params("")


# --- filter


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("filter[title]=x", {"title": "x"}),
        ("filter[title][$includes]=a+b", {"title": {"$includes": "a b"}}),
        ("filter%5Btitle%5D%5B%24includes%5D=x", {"title": {"$includes": "x"}}),
        ("filter[category.title]=x", {"category.title": "x"}),
        ("filter[$or][0][a]=1&filter[$or][1][b]=2", {"$or": [{"a": "1"}, {"b": "2"}]}),
        ("filter[id][$in][]=1&filter[id][$in][]=2", {"id": {"$in": ["1", "2"]}}),
        ("filter[title]", {"title": None}),
        ('filter={"title":{"$ne":null},"id":[1,2]}', {"title": {"$ne": None}, "id": [1, 2]}),
        ("filter=%7B%22title%22%3A%22x%22%7D", {"title": "x"}),
        ('filter={"title":"[x]=1"}', {"title": "[x]=1"}),
        ("filter={}", {}),
    ],
)
def test_a_filter_nests_or_is_json(query, wanted):
    assert wanted == params(query).filter


@pytest.mark.parametrize(
    "query",
    [
        "filter=",
        "filter",
        "filter={",
        "filter=[1]",
        "filter=title",
        "filter=null",
        "filter[]=1",
        'filter={"a":1,"a":2}',
        'filter={"a":"\\u0000"}',
        'filter={"a":1}&filter={"b":1}',
        'filter={"a":1}&filter[b]=1',
        "filter=" + "[" * 5000,
    ],
)
def test_a_filter_that_cannot_be_read_is_the_end(query):
    """It is not handed on as none: that would be every record."""
    with pytest.raises(Refusal) as refusal:
        params(query)

    assert [("BAD_FILTER", ("filter",))] == [(each.code, each.path) for each in refusal.value.complaints]


# --- keys


@pytest.mark.parametrize(
    ("query", "key", "keys"),
    [
        ("filterByTk=7", None, ("7",)),
        ("filterByTk[]=1&filterByTk[]=2", None, ("1", "2")),
        ("filterByTk[0]=1&filterByTk[1]=2", None, ("1", "2")),
        ("filterByTk=1&filterByTk=2", None, ("1", "2")),
        ("filterByTk[]=1&filterByTk[]=1", None, ("1",)),
        ("filterByTk=a,b", None, ("a,b",)),
        ("", "7", ("7",)),
        ("filterByTk=7", "7", ("7",)),
    ],
)
def test_keys_come_from_the_query_or_the_path(query, key, keys):
    assert keys == params(query, UPDATE, key).keys


def test_a_hundred_and_fifty_keys_are_still_a_list():
    keys = [str(number) for number in range(150)]

    assert tuple(keys) == params("&".join(f"filterByTk[]={key}" for key in keys), UPDATE).keys


@pytest.mark.parametrize("query", ["filterByTk=", "filterByTk", "filterByTk[a]=1", "filterByTk[]=1&filterByTk[]="])
def test_what_is_no_key_is_the_end(query):
    with pytest.raises(Refusal):
        params(query, UPDATE)

    assert [("BAD_KEY", ("filterByTk",))] == complaints(query, UPDATE)


def test_a_key_in_the_path_and_another_in_the_query():
    assert [("BAD_KEY", ("filterByTk",))] == complaints("filterByTk=8", UPDATE, "7")


def test_a_key_where_none_belongs():
    assert [("BAD_KEY", ("filterByTk",))] == complaints("", CREATE, "7")


# --- pages


@pytest.mark.parametrize(
    ("query", "page", "size"),
    [
        ("page=3&pageSize=5", 3, 5),
        ("pageSize=200", 1, 200),
        ("pageSize=201", 1, 200),
        ("pageSize=999999999999999999999999", 1, 200),
        ("page=007", 7, 20),
        ("paginate=true", 1, 20),
        ("paginate=false", 1, 200),
        ("paginate=false&pageSize=7", 1, 7),
    ],
)
def test_pages_are_as_asked_for_and_capped(query, page, size):
    found = params(query)

    assert (page, size) == (found.page, found.page_size)
    assert () == found.complaints


def test_the_usual_size_obeys_the_limit_too():
    assert 5 == parse_params(b"", "posts:list", LIST, page_limit=5).page_size


@pytest.mark.parametrize("name", ["page", "pageSize"])
@pytest.mark.parametrize("value", ["0", "-1", "", "1.5", "1e3", "1e309", "NaN", "x", "+1", "%201", "٣", "000", "0x10"])
def test_what_is_no_page(name, value):
    assert [("BAD_PAGE", (name,))] == complaints(f"{name}={value}")


@pytest.mark.parametrize("query", ["page=9000000000000000000", "page=1&page=2", "page[]=1", "page[a]=1", "page"])
def test_what_is_no_page_either(query):
    assert [("BAD_PAGE", ("page",))] == complaints(query)


@pytest.mark.parametrize("query", ["paginate=no", "paginate=", "paginate", "paginate=FALSE", "paginate[]=true"])
def test_what_is_neither_true_nor_false(query):
    assert [("BAD_VALUE", ("paginate",))] == complaints(query)


# --- names


@pytest.mark.parametrize("query", ["fields=id,title", "fields[]=id&fields[]=title", "fields=id&fields=title"])
def test_names_are_listed_by_commas_or_brackets(query):
    assert Selection(fields=("id", "title")) == params(query).selection


def test_the_parts_of_a_selection():
    found = params("fields=id,category.title&except[]=content&appends=category, tags")

    assert Selection(("id", "category.title"), ("content",), ("category", "tags")) == found.selection


def test_no_names_are_no_selection():
    assert Selection() == params("fields=&appends=,&except").selection


def test_sorting_goes_by_several_names():
    assert ("-createdAt", "title") == params("sort=-createdAt,title").sort


@pytest.mark.parametrize("name", ["fields", "except", "appends", "sort"])
@pytest.mark.parametrize("value", ["[a]=1", "[][a]=1", "[]"])
def test_what_is_no_list_of_names(name, value):
    assert [("BAD_VALUE", (name,))] == complaints(f"{name}{value}")


# --- workflows


@pytest.mark.parametrize(
    "query",
    [
        "triggerWorkflows=a,b!category.banner",
        "triggerWorkflows=a%2Cb%21category.banner",
        "triggerWorkflows= a ,, b!category.banner",
    ],
)
def test_workflows_are_named_with_paths(query):
    assert (WorkflowRef("a"), WorkflowRef("b", ("category", "banner"))) == params(query, CREATE).workflows


@pytest.mark.parametrize("query", ["triggerWorkflows=", "triggerWorkflows", "triggerWorkflows=,"])
def test_no_workflow_named_is_none(query):
    assert () == params(query, CREATE).workflows


@pytest.mark.parametrize(
    "query",
    [
        "triggerWorkflows[]=a",
        "triggerWorkflows[0][key]=a",
        "triggerWorkflows=a&triggerWorkflows=b",
        "triggerWorkflows[a]=b",
    ],
)
def test_lists_and_objects_of_workflows_are_faulty_references(query):
    [reference] = params(query, CREATE).workflows

    assert reference.fault


@pytest.mark.parametrize("allowed", [LIST, GET, COUNT, ()])
def test_what_writes_nothing_starts_no_workflow(allowed):
    assert [("TRIGGER_ACTION", ("triggerWorkflows",))] == complaints("triggerWorkflows=a", allowed)


# --- the rest


def test_unknown_parameters_are_named_with_the_likely_one():
    found = params("pagesize=5&titel=x").complaints

    assert ["UNKNOWN_PARAMETER"] * 2 == [complaint.code for complaint in found]
    assert "Did you mean 'pageSize'?" in found[0].message
    assert ("titel",) == found[1].path


@pytest.mark.parametrize("value", ["", "yes", "1", "True", "[]=true"])
def test_a_dry_run_is_never_taken_for_a_write(value):
    query = f"dryRun{value}" if "[" in value else f"dryRun={value}"

    assert [("BAD_VALUE", ("dryRun",))] == complaints(query, CREATE)


@pytest.mark.parametrize("name", ["whitelist", "blacklist", "updateAssociationValues", "filterKeys"])
def test_values_are_taken_as_lists_of_names_say(name):
    found = params(f"{name}=a,b", FIND_OR_CREATE)

    lists = (found.whitelist, found.blacklist, found.update_associations, found.filter_keys)
    assert 1 == lists.count(("a", "b"))
    assert () == found.complaints


@pytest.mark.parametrize(
    ("query", "allowed"),
    [
        ("page=1", GET),
        ("sort=id", CREATE),
        ("filter[a]=1", CREATE),
        ("all=true", DESTROY),
        ("filterKeys=id", CREATE),
        ("whitelist=id", DESTROY),
    ],
)
def test_a_parameter_of_another_action_is_unknown(query, allowed):
    assert ["UNKNOWN_PARAMETER"] == [code for code, _ in complaints(query, allowed)]


def test_everything_wrong_is_told_together():
    found = complaints("page=0&pageSize=-1&sorted=id&paginate=x&filter=x")

    assert ["BAD_PAGE", "BAD_PAGE", "UNKNOWN_PARAMETER", "BAD_VALUE", "BAD_FILTER"] == [code for code, _ in found]


@pytest.mark.parametrize(
    "query",
    [
        b"fields=%ff",
        b"fields=\xff",
        b"%ed%a0%80=1",
        b"filter[title=x",
        b"filter]=x",
        b"filter[a[b]]=x",
        b"[filter]=x",
        b"=x",
        b"filter" + b"[a]" * 11 + b"=x",
        b"filterByTk[200]=1",
        b"&".join([b"filterByTk[]=1"] * 201),
        b"x" * (LONGEST + 1),
    ],
)
def test_a_query_that_cannot_be_read_is_the_end(query):
    with pytest.raises(Refusal) as refusal:
        params(query, UPDATE)

    assert "BAD_VALUE" == refusal.value.code


NAMES = st.sampled_from([*UPDATE, "page", "pageSize", "sort", "paginate", "x", "%74oken", "__proto__", "constructor"])
PAIRS = st.tuples(NAMES, st.text("ab$[]01.%5Bd", max_size=12), st.text("ab{}[]\"':,=-!.0129%5BfF+ ", max_size=12))


@given(st.lists(PAIRS, max_size=5))
def test_whatever_is_asked_it_is_parameters_or_refused(pairs):
    found = read("&".join(f"{name}{inner}={value}" for name, inner, value in pairs), (*LIST, *UPDATE))

    assert isinstance(found, Refusal) or 1 <= found.page_size <= 200
    assert isinstance(found, Refusal) or isinstance(found.filter, dict | None)


@given(st.binary(max_size=80))
def test_whatever_bytes_are_asked_they_are_parameters_or_refused(query):
    assert isinstance(read(query), Params | Refusal)
