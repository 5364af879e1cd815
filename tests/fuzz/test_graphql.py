"""Whatever is asked of GraphQL, it is answered, and nothing breaks on the way (schemathesis)."""

from typing import Any

import pytest
import schemathesis
from graphql import get_introspection_query, parse_value
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from tests.fuzz.cases import cases
from tests.fuzz.conftest import BASE, Asking

SCALARS = {
    "BigInt": st.integers(-(2**63), 2**63 - 1).map(nodes.String),
    "DatePeriod": st.sampled_from(["2024-05-03", "2024-05", "2024Q2", "2024", "[2024-05,2024-07)"]).map(nodes.String),
    "DateTime": st.datetimes().map(lambda moment: nodes.String(f"{moment.isoformat()}Z")),
    "JSON": st.sampled_from(["{}", "[]", '"text"', "1", "true", '{collection: "posts"}']).map(parse_value),
}


@pytest.fixture(scope="module")
def schema(asking: Asking) -> Any:
    for name, values in SCALARS.items():
        schemathesis.graphql.scalar(name, values)
    asked = {"query": get_introspection_query()}
    answer = asking.send({"method": "POST", "url": f"{BASE}/graphql", "json": asked}).json()
    return schemathesis.graphql.from_dict(answer["data"])


@pytest.mark.parametrize("root", ["Query", "Mutation"])
def test_documents_are_answered(schema: Any, asking: Asking, root: str) -> None:
    """Each field is asked for: with what it takes, under the status of its answer, and without a fault of ours."""
    wrong = [
        (operation.ok().label, response.status_code, response.json())
        for operation in schema.get_all_operations()
        if operation.ok().label.startswith(f"{root}.")
        for case in cases(operation.ok())
        for response in [asking.send(case.as_transport_kwargs(f"{BASE}/graphql"))]
        if response.status_code != 200 or "INTERNAL" in codes(response.json())
    ]

    assert [] == wrong


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", [])]
