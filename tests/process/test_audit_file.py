"""The audit in a file of its own."""

import json
import stat

from tests.process.served import command, until


def test_the_audit_goes_where_it_is_told_and_nowhere_else(serve, home, tmp_path):
    file = tmp_path / "audit.jsonl"
    served = serve(home, audit_file=str(file))
    answer = served.client.get("/api/nothing%1b[31m:list")
    served.post("roles:create", {"name": "guests", "grants": {}})
    lines = until(lambda: len(told := file.read_text().splitlines()) == 2 and told)
    refused, done = map(json.loads, lines)

    assert ("refused", "NOT_FOUND", answer.headers["X-Request-Id"]) == tuple(
        refused[name] for name in ("outcome", "code", "requestId")
    )
    assert ("done", "roles:create", "guests", "root") == tuple(
        done[name] for name in ("outcome", "action", "target", "username")
    )
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert "roles:create NOT" not in served.errors
    assert "outcome" not in served.errors


def test_a_file_that_cannot_be_written_stops_the_start(home, tmp_path):
    stopped = command(home, "migrate", audit_file=str(tmp_path / "none" / "audit.jsonl"))

    assert 1 == stopped.returncode
    assert "set BANGPATH_AUDIT_FILE" in stopped.stderr
    assert 1 == stopped.stderr.count("\n")
