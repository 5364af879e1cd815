"""The first start fills a home and tells everything once; the next ones keep it."""

import json
import os
import re
import signal
import stat
import subprocess

from tests.process.served import PASSWORD, rows


def pasted(served, **variables):
    """What the commands of the welcome answer, each as a shell runs it."""
    lines = [line for line in served.output.splitlines() if line.startswith("curl ")]
    known = {"env": {**os.environ, **variables}, "capture_output": True, "text": True, "check": True}
    return [json.loads(subprocess.run(["bash", "-c", line], **known).stdout) for line in lines]


def password(served):
    return re.search("Password +(.*)", served.output)[1]


def test_the_welcome_says_where_everything_is(serve, home):
    served = serve(home)

    assert f"REST      {served.url}/api\n" in served.output
    assert f"GraphQL   {served.url}/graphql\n" in served.output
    assert f"GraphiQL  {served.url}/graphql  in a browser\n" in served.output
    assert "" == served.errors


def test_its_three_lines_can_be_pasted(serve, home):
    by_rest, by_graphql, executions = pasted(serve(home))

    assert "post-created" == by_rest["meta"]["workflows"][0]["key"]
    assert "post-created" == by_graphql["data"]["createPost"]["workflows"][0]["key"]
    assert {"post-created", "post-audit"} == {each["key"] for each in executions["data"]}


def test_its_lines_can_be_pasted_twice(serve, home):
    served = serve(home)
    pasted(served)
    by_rest, by_graphql, _ = pasted(served)

    assert {"title", "id"} <= by_rest["data"].keys()
    assert "errors" not in by_graphql


def test_a_made_password_is_root_s(serve, tmp_path):
    served = serve(tmp_path / "home")
    made = re.fullmatch(r"(\S{16})  \(shown this once\)", password(served))
    answer = served.client.post("/api/auth:signIn", json={"account": "root", "password": made[1]})

    assert 200 == answer.status_code


def test_a_given_password_is_root_s_and_is_not_shown(serve, tmp_path):
    served = serve(tmp_path / "home", root_password=PASSWORD)
    answer = served.client.post("/api/auth:signIn", json={"account": "root", "password": PASSWORD})

    assert 200 == answer.status_code
    assert "as you set it in BANGPATH_ROOT_PASSWORD" == password(served)
    assert PASSWORD not in served.output + served.errors


def test_what_is_kept_is_for_its_owner_alone(serve, tmp_path):
    home = tmp_path / "home"
    serve(home)

    assert 0o700 == stat.S_IMODE(home.stat().st_mode)
    assert 0o600 == stat.S_IMODE((home / "secret").stat().st_mode)


def test_a_second_start_keeps_everything(serve, tmp_path):
    home = tmp_path / "home"
    first = serve(home)
    made = password(first).split()[0]
    first.post("posts:create", {"title": "kept"})
    before = rows(home, "SELECT count(*) FROM posts"), rows(home, "SELECT count(*) FROM workflows")
    header = first.client.headers["Authorization"]
    first.end(signal.SIGTERM)
    second = serve(home)
    second.client.headers["Authorization"] = header
    [found] = second.client.get("/api/posts:list", params={"filter": '{"title":"kept"}'}).json()["data"]
    answer = second.client.post("/api/auth:signIn", json={"account": "root", "password": made})

    assert "kept" == found["title"]
    assert 200 == answer.status_code
    assert before == (rows(home, "SELECT count(*) FROM posts"), rows(home, "SELECT count(*) FROM workflows"))
    assert "kept; `make password` replaces it" == password(second)
    assert made not in second.output + second.errors


def test_no_token_is_printed_where_models_of_one_s_own_are_served(serve, tmp_path):
    """Its one line takes a token that whoever pastes it has made, by the command that stands above it."""
    served = serve(tmp_path / "home", models="tests.shop")
    token = served.client.headers["Authorization"].removeprefix("Bearer ")

    assert [[]] == [answer["data"] for answer in pasted(served, TOKEN=token)]
    assert "TOKEN=$(bangpath token)" in served.output
    assert "eyJ" not in served.output + served.errors


def test_a_page_that_is_off_is_not_told_of(serve, home):
    assert "GraphiQL" not in serve(home, graphiql="off").output
