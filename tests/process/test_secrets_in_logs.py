"""No token reaches what the process writes: not its access log, whatever was answered, nor anything else."""

import re
from urllib.parse import unquote

from tests.process.served import rows, until

SPELLINGS = (
    "token={token}",
    "%74oken={token}",
    "token={escaped}",
    "token={token}&token={token}",
    "TOKEN={token}",
    "page=1&token={token}",
    "token[]={token}",
)
PATHS = ("/api/posts:list", "/api/nothing:list", "/nothing", "/graphql", "/health/live")


def test_the_parameter_is_in_no_line(serve, home):
    """However it is spelt, whichever path it is sent to, and whether or not it is a good one."""
    served = serve(home)
    token = served.client.headers.pop("Authorization").removeprefix("Bearer ")
    asked = [(path, spelling, shown) for path in PATHS for spelling in SPELLINGS for shown in (token, bad(token))]
    statuses = {
        served.client.get(f"{path}?{spelling.format(token=shown, escaped=escaped(shown))}").status_code
        for path, spelling, shown in asked
    }
    lines = until(lambda: logged(served, len(asked)))

    assert {200, 400, 401, 404} <= statuses
    assert [path for path, _, _ in asked] == [unquote(re.search(r"GET (\S+) HTTP", line)[1]) for line in lines]
    for part in (*token.split("."), "AAAA", escaped(token)[:12]):
        assert part not in served.errors
    assert 3 == served.output.count(token), "the three lines of the welcome, and no more"


def test_an_unforeseen_error_tells_nothing_of_its_request(serve, home):
    """A table is gone: 500, and a stack in the log."""
    served = serve(home)
    token = served.client.headers.pop("Authorization").removeprefix("Bearer ")
    served.client.get(f"/api/tags:list?token={token}")
    rows(home, "ALTER TABLE tags RENAME TO gone")
    answer = served.client.get(f"/api/tags:list?token={token}")

    assert 500 == answer.status_code
    assert "Traceback" in until(lambda: "Traceback" in served.errors and served.errors)
    for part in token.split("."):
        assert part not in served.errors
    assert "no such table" not in answer.text


def logged(served, count):
    lines = [line for line in served.errors.splitlines() if "uvicorn.access" in line]
    return lines if len(lines) == count else None


def bad(token):
    return f"{token[:-4]}AAAA"


def escaped(text):
    return "".join(f"%{ord(character):02x}" for character in text)
