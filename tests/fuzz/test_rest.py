"""Whatever is asked of REST, what is answered is as the description says (schemathesis)."""

import copy
from typing import Any

import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.cases import cases
from tests.fuzz.conftest import BASE, Asking

TAGS = (
    *("banners", "categories", "comments", "notes", "posts", "tags"),
    *("apiKeys", "auth", "collections", "executions", "jobs", "requests", "roles", "users", "workflows"),
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def described(asking: Asking) -> Any:
    """The description, but always of one role: the others may do less, and who asks in them is asked elsewhere."""
    document = asking.json("/openapi.json")
    document["components"]["parameters"]["X-Role"]["schema"]["enum"] = ["root"]
    return document


@pytest.fixture(scope="module")
def wrong(described: Any) -> Any:
    """What does not fit is made from the description as it is, where a filter is any text."""
    return schemathesis.openapi.from_dict(described)


@pytest.fixture(scope="module")
def fitting(described: Any) -> Any:
    """What fits is made from another way to say that a parameter is JSON, by which filters are generated too."""
    document = copy.deepcopy(described)
    for parameter in document["components"]["parameters"].values():
        if filter := parameter["schema"].get("contentSchema"):
            del parameter["schema"]
            parameter["content"] = {"application/json": {"schema": filter}}
    return schemathesis.openapi.from_dict(document)


@pytest.mark.parametrize("tag", TAGS)
def test_what_fits_is_answered_as_described(fitting: Any, asking: Asking, tag: str) -> None:
    ask_all(fitting, tag, GenerationMode.POSITIVE, asking)


@pytest.mark.parametrize("tag", TAGS)
def test_what_does_not_fit_is_refused_as_described(wrong: Any, asking: Asking, tag: str) -> None:
    ask_all(wrong, tag, GenerationMode.NEGATIVE, asking)


def test_every_operation_was_asked(described: Any) -> None:
    """The list of tags is whole."""
    operations = [operation for methods in described["paths"].values() for operation in methods.values()]

    assert {*TAGS} == {tag for operation in operations for tag in operation["tags"]}


def ask_all(document: Any, tag: str, mode: GenerationMode, asking: Asking) -> None:
    """Ask every operation with this tag a few times; raises whatever is not as described, all together."""
    found = []
    for operation in document.include(tag=tag).get_all_operations():
        for case in cases(operation.ok(), mode):
            response = asking.send(case.as_transport_kwargs(BASE))
            try:
                case.validate_response(response, checks=CHECKS)
            except FailureGroup as failures:
                found += failures.exceptions
    if found:
        raise ExceptionGroup(f"{tag}: {mode}", found)
