"""The error body: every code has a status and a line in the documentation, and members that say nothing are absent."""

import json
import re
from pathlib import Path

from api.error_body import STATUSES, render, respond
from engine.errors import Code, Complaint, Refusal, refuse

DOCUMENTED = re.findall(
    r"^\| `([A-Z_]+)` \| (\d{3}) \|",
    (Path(__file__).parents[2] / "docs" / "errors.md").read_text("utf-8"),
    re.MULTILINE,
)


def test_every_code_has_a_status():
    assert set(Code) == set(STATUSES)


def test_every_code_is_documented_once_with_its_status():
    assert [(code.value, str(STATUSES[code])) for code in Code] == DOCUMENTED


def test_a_complaint_is_told_whole():
    complaint = Complaint(Code.BAD_VALUE, "No.", ("tags", 0, "name"), {"most": 3})

    assert {
        "errors": [{"message": "No.", "code": "BAD_VALUE", "path": ["tags", 0, "name"], "details": {"most": 3}}]
    } == render([complaint])


def test_what_is_empty_is_left_out():
    assert {"errors": [{"message": "No.", "code": "NOT_FOUND"}]} == render([Complaint(Code.NOT_FOUND, "No.")])


def test_all_complaints_are_told_in_their_order():
    codes = [Code.UNKNOWN_FIELD, Code.REQUIRED, Code.UNKNOWN_FIELD]

    response = respond(Refusal(Complaint(code, "") for code in codes))

    assert codes == [error["code"] for error in json.loads(response.body)["errors"]]


def test_the_first_decides():
    response = respond(Refusal([Complaint(Code.NOT_FOUND, ""), Complaint(Code.UNKNOWN_FIELD, "")]))

    assert 404 == response.status_code


def test_how_long_to_wait_and_what_is_allowed_are_headers_too():
    limited = respond(refuse(Code.RATE_LIMITED, "Slower.", retryAfter=42))
    refused = respond(refuse(Code.METHOD_NOT_ALLOWED, "No.", allow=["GET", "HEAD"]))

    assert (429, "42") == (limited.status_code, limited.headers["Retry-After"])
    assert (405, "GET, HEAD") == (refused.status_code, refused.headers["Allow"])
