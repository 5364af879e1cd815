"""The kind of every relation, and where a trigger may go, over models made at random and over the sample."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.metadata import read_collections
from engine.data.relations import RelationKind, classify, cross, crossable_paths
from engine.errors import Code, Complaint
from tests.engine.data.models import Drawn, Known, drawn, initialised

# Every example is a start of Tortoise.
few = settings(max_examples=60, deadline=None)

# Where Tortoise itself keeps the names of its relations.
SETS = {
    "o2o_fields": RelationKind.ONE_TO_ONE,
    "backward_o2o_fields": RelationKind.ONE_TO_ONE,
    "fk_fields": RelationKind.MANY_TO_ONE,
    "backward_fk_fields": RelationKind.ONE_TO_MANY,
    "m2m_fields": RelationKind.MANY_TO_MANY,
}

REFUSED = {
    RelationKind.MANY_TO_ONE: Code.TRIGGER_MANY_TO_ONE,
    RelationKind.ONE_TO_MANY: Code.TRIGGER_TO_MANY,
    RelationKind.MANY_TO_MANY: Code.TRIGGER_TO_MANY,
}


@few
@given(drawn())
async def test_every_relation_is_of_the_kind_it_was_declared(drawn: Drawn):
    async with initialised(drawn) as models:
        collections = read_collections(models, [])

    assert drawn.known() == {
        name: {relation.name: (relation.kind, relation.target) for relation in collection.relations.values()}
        for name, collection in collections.items()
    }


@few
@given(drawn())
async def test_tortoise_s_own_sets_are_disjoint_and_agree(drawn: Drawn):
    async with initialised(drawn) as models:
        listed = [(model, name, kind) for model in models for held, kind in SETS.items() for name in _set(model, held)]

    assert len(listed) == len({(model, name) for model, name, _ in listed})
    assert [kind for _, _, kind in listed] == [classify(model._meta.fields_map[name]) for model, name, _ in listed]
    assert sum(len(relations) for relations in drawn.known().values()) == len(listed)


@few
@given(drawn(), st.data())
async def test_a_path_is_crossed_as_far_as_it_is_one_to_one(drawn: Drawn, data: st.DataObject):
    known = drawn.known()
    start = data.draw(st.sampled_from(sorted(known)))
    path = data.draw(paths(known, start))
    async with initialised(drawn) as models:
        collections = read_collections(models, [])
    reached = cross(collections, collections[start], path)

    assert walk(known, start, path) == (
        (reached.code, _place(reached)) if isinstance(reached, Complaint) else [step.name for step in reached]
    )


@few
@given(drawn())
async def test_what_is_told_as_crossable_can_be_crossed_and_nothing_shorter_is_left_out(drawn: Drawn):
    async with initialised(drawn) as models:
        collections = read_collections(models, [])
    for name, relations in drawn.known().items():
        told = crossable_paths(collections, collections[name])
        single = {
            relation
            for relation, (kind, target) in relations.items()
            if kind is RelationKind.ONE_TO_ONE and target != name
        }

        assert single == {path for path in told if "." not in path}
        for path in told:
            assert not isinstance(cross(collections, collections[name], path.split(".")), Complaint)


@st.composite
def paths(draw: st.DrawFn, known: Known, start: str) -> list[str]:
    """Names one could come upon: relations of the table reached, and after a wrong turn of any table; or none."""
    path: list[str] = []
    everywhere = sorted({name for relations in known.values() for name in relations})
    for _ in range(draw(st.integers(0, 4))):
        here = sorted(known[start])
        path.append(draw(st.sampled_from([*here, *here, *everywhere, "missing", "id", "to0_id", "pk", ""])))
        if path[-1] in known[start]:
            start = known[start][path[-1]][1]
    return path


def walk(known: Known, start: str, path: list[str]) -> Any:
    """The tables a path reaches; or the code of its refusal, and at which relation of which table."""
    reached = [start]
    for name in path:
        if name not in known[reached[-1]]:
            return Code.TRIGGER_PATH_UNKNOWN, (reached[-1], name)
        kind, target = known[reached[-1]][name]
        if kind in REFUSED:
            return REFUSED[kind], (reached[-1], name)
        reached.append(target)
    return reached


def _set(model: Any, name: str) -> list[str]:
    return sorted(getattr(model._meta, name))


def _place(complaint: Complaint) -> tuple[Any, Any]:
    details = complaint.details
    return details.get("from", details.get("collection")), details["relation"]
