"""The commands beside `serve`, over a home that a service may be serving at the same time."""

import re
import signal
import subprocess
import sys

import httpx
import pytest

from tests.process.served import PASSWORD, ROOT, command, rows


def test_a_token_opens_the_running_service(serve, home):
    served = serve(home)
    token = command(home, "token").stdout.strip()
    answer = httpx.get(f"{served.url}/api/auth:check", headers={"Authorization": f"Bearer {token}"})

    assert "root" == answer.json()["data"]["username"]


def test_a_token_for_a_role_comes_as_curl_s_two_headers(serve, home):
    served = serve(home)
    headers = command(home, "token", "--role", "member").stdout.strip()
    pasted = f"curl -s {headers} '{served.url}/api/workflows:list'"
    answer = subprocess.run(["bash", "-c", pasted], capture_output=True, text=True, check=True).stdout

    assert '"code":"NO_PERMISSION"' in answer


def test_a_new_password_replaces_the_old_one_and_ends_its_tokens(serve, home):
    served = serve(home)
    made = command(home, "password").stdout.strip()
    statuses = [
        httpx.post(f"{served.url}/api/auth:signIn", json={"account": "root", "password": password}).status_code
        for password in (made, PASSWORD)
    ]

    assert [200, 401] == statuses
    assert 401 == served.client.get("/api/posts:list").status_code


def test_migrate_fills_a_new_home_and_tells_the_password(serve, tmp_path):
    home = tmp_path / "home"
    done = command(home, "migrate")
    made = re.search(r"root's password is (\S+) \(shown this once\)", done.stderr)[1]
    answer = serve(home).client.post("/api/auth:signIn", json={"account": "root", "password": made})

    assert f"{home}/bangpath.db is up to date.\n" == done.stdout
    assert 200 == answer.status_code


def test_migrate_again_changes_nothing(home):
    before = rows(home, "SELECT count(*) FROM sqlite_master"), rows(home, "SELECT * FROM posts")
    done = command(home, "migrate")

    assert (0, "") == (done.returncode, done.stderr)
    assert before == (rows(home, "SELECT count(*) FROM sqlite_master"), rows(home, "SELECT * FROM posts"))


def test_a_command_leaves_executions_to_the_process_that_serves(serve, home):
    served = serve(home)
    served.client.post("/api/posts:create", json={"title": "x"})
    served.end(signal.SIGTERM)
    rows(home, "UPDATE executions SET status = 'queued', lease = NULL, leased_until = NULL")
    command(home, "token")

    assert ["queued"] == rows(home, "SELECT status FROM executions")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["token", "--user", "nobody"], "nobody"),
        (["token", "--role", "owner"], "your roles"),
        (["password", "--user", "nobody"], "nobody"),
    ],
    ids=["no such user", "no such role", "no such user for a password"],
)
def test_who_is_not_there_is_said_in_one_line(home, arguments, said):
    done = command(home, *arguments)

    assert (1, "") == (done.returncode, done.stdout)
    assert re.fullmatch(f"bangpath: [^\n]*{said}[^\n]*\n", done.stderr)


def test_the_version_is_told(home):
    assert re.fullmatch(r"Bangpath \d+\.\d+\.\d+\n", command(home, "--version").stdout)


def test_a_command_that_answers_nobody_does_not_wait_for_graphql():
    asked = "import sys, api.commands; print({'strawberry', 'graphql'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "set()\n" == done.stdout
