"""A start that cannot be: one line that says what would do, a status that is not 0, and no stack."""

import socket

import pytest

from tests.process.served import command


def unusable(tmp_path):
    """A directory that cannot be made, for root neither."""
    (tmp_path / "home").write_text("a file")
    return {}


def damaged(tmp_path):
    (tmp_path / "damaged.db").write_bytes(b"not what it should be " * 1000)
    return {"database_url": f"sqlite://{tmp_path}/damaged.db"}


def directory(tmp_path):
    return {"database_url": f"sqlite://{tmp_path}"}


def forgotten_secret(tmp_path):
    return {"secret": ""}


def broken_module(tmp_path):
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n")
    return {"models": "broken"}


def unreadable_module(tmp_path):
    (tmp_path / "unreadable.py").write_text("class Order(:\n")
    return {"models": "unreadable"}


def no_models(tmp_path):
    (tmp_path / "empty.py").write_text("")
    return {"models": "empty"}


def dangling_relation(tmp_path):
    (tmp_path / "dangling.py").write_text(
        "from tortoise import Model, fields\n\n\n"
        "class Order(Model):\n"
        "    id = fields.IntField(primary_key=True)\n"
        "    customer = fields.ForeignKeyField('app.Customer')\n"
    )
    return {"models": "dangling"}


def taken_table(tmp_path):
    (tmp_path / "taken.py").write_text(
        "from tortoise import Model, fields\n\n\n"
        "class Person(Model):\n"
        "    id = fields.IntField(primary_key=True)\n\n"
        "    class Meta:\n"
        "        table = 'users'\n"
    )
    return {"models": "taken"}


def setting(**settings):
    return lambda tmp_path: settings


CASES = {
    "a home that cannot be made": (unusable, "BANGPATH_HOME"),
    "a damaged database": (damaged, "damaged.db"),
    "a directory for a database": (directory, "cannot be opened"),
    "another kind of database": (setting(database_url="mysql://here"), "BANGPATH_DATABASE_URL"),
    "a server that is away": (
        setting(database_url="postgres://me:hunter2@127.0.0.1:1/x", secret="x" * 32),
        "BANGPATH_DATABASE_URL",
    ),
    "a weak secret": (setting(secret="short"), "BANGPATH_SECRET"),
    "a secret that was forgotten": (forgotten_secret, "BANGPATH_SECRET"),
    "nobody to run the workflows": (setting(worker="off"), "BANGPATH_WORKER"),
    "no port": (setting(port="many"), "BANGPATH_PORT"),
    "no address of this machine": (setting(host="192.0.2.1"), "BANGPATH_HOST"),
    "a module that is not there": (setting(models="nowhere.models"), "BANGPATH_MODELS"),
    "a module whose import fails": (broken_module, "nothing_of_that_name"),
    "a module that is no Python": (unreadable_module, "SyntaxError"),
    "a module without models": (no_models, "empty"),
    "a relation to nothing": (dangling_relation, "dangling"),
    "a table of ours": (taken_table, "users"),
}


@pytest.mark.parametrize(("make", "named"), CASES.values(), ids=CASES)
def test_it_is_told_in_one_line(tmp_path, make, named):
    done = command(tmp_path / "home", "serve", cwd=tmp_path, **{"port": "0", **make(tmp_path)})
    told = [line for line in done.stderr.splitlines() if not line.startswith("{")]

    assert (1, "") == (done.returncode, done.stdout)
    assert 1 == len(told), done.stderr
    assert told[0].startswith("bangpath: ")
    assert named in told[0]
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_a_port_in_use_is_told_before_anything_is_made(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command(tmp_path / "home", "serve", port=str(port))

    assert 1 == done.returncode
    assert f"bangpath: port {port} is in use: set BANGPATH_PORT to another.\n" == done.stderr
    assert not (tmp_path / "home" / "bangpath.db").exists()


def test_no_secret_of_a_wrong_setting_is_shown(tmp_path):
    done = command(tmp_path / "home", "serve", secret="hunter2", database_url="postgres://me:hunter2@db")

    assert 1 == done.returncode
    assert "hunter2" not in done.stderr


def test_a_misspelt_setting_is_one_warning(serve, home):
    served = serve(home, prot="3000")

    assert "bangpath: BANGPATH_PROT is not a setting: did you mean BANGPATH_PORT?\n" == served.errors
