"""Secrets that nobody guesses: no start is with one that is known, and the first password is told once."""

import signal

import pytest

from tests.process.served import command

WEAK = ("changeme", "CHANGEME", "secret", "", " ", "x" * 31, "\u00e4" * 15, "null", "  changeme  ")


@pytest.mark.parametrize(
    ("does", "secret"), [*(("serve", secret) for secret in WEAK), ("worker", WEAK[0]), ("token", WEAK[0])], ids=ascii
)
def test_nothing_starts_with_a_secret_that_is_known(tmp_path, does, secret):
    """Of whatever the process does: a token that was made with it would be good as well (A09)."""
    done = command(tmp_path / "home", does, port="0", secret=secret)

    assert (1, "") == (done.returncode, done.stdout)
    assert "BANGPATH_SECRET" in done.stderr
    assert not (tmp_path / "home" / "bangpath.db").exists()


def test_the_first_password_is_told_once(serve, tmp_path):
    """Where a person looks, and not where it is kept: no log, no file and no later start tells it (A19)."""
    home = tmp_path / "home"
    first = serve(home)
    made = next(line.split()[1] for line in first.output.splitlines() if "shown this once" in line)
    first.client.get("/api/posts:list")
    first.end(signal.SIGTERM)
    second = serve(home)

    assert 1 == first.output.count(made)
    assert made not in first.errors + second.output + second.errors
    assert [] == [path for path in home.rglob("*") if path.is_file() and made.encode() in path.read_bytes()]


PAGES = ("/setup", "/install", "/admin", "/api/setup", "/api/auth:setup", "/api/auth:install", "/api/app:install")


def test_nobody_sets_it_up_from_afar(serve, tmp_path):
    """There is no page and no operation that makes the first account, before or after there is one (A19)."""
    served = serve(tmp_path / "home")
    served.client.headers.pop("Authorization", None)
    asked = [served.client.request(method, path) for path in PAGES for method in ("GET", "POST")]

    assert {401, 404} >= {answer.status_code for answer in asked}
    for guess in ("root", "admin", "password", "nocobase", "changeme", ""):
        credentials = {"account": "root", "password": guess}
        assert served.client.post("/api/auth:signIn", json=credentials).status_code in (400, 401, 429)
