"""What the environment may say, and what is answered to what it may not."""

import os
import re
import stat
from ipaddress import ip_network
from pathlib import Path

import pytest

from api.settings import PREFIX, SAMPLE, Settings, SettingsError, read_settings, unknown_variables
from engine.errors import StartError
from engine.outgoing.secrets import Secret

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
LONG = "a secret that is long enough for everybody"

READ = [
    ("PORT", "8080", "port", 8080),
    ("PORT", "0", "port", 0),
    ("PORT", "", "port", 3000),
    ("HOST", "0.0.0.0", "host", "0.0.0.0"),
    ("SECRET", LONG, "secret", LONG),
    ("MODELS", "shop.models, stock", "models", ("shop.models", "stock")),
    ("MODELS", "", "models", SAMPLE),
    ("TRIGGERS", "lenient", "triggers", "lenient"),
    ("ROOT_PASSWORD", "", "root_password", None),
    ("SYNC_WAIT", "0.5", "sync_wait", 0.5),
    ("PRIVATE_NETWORKS", "10.0.0.0/8, ::1", "private_networks", (ip_network("10.0.0.0/8"), ip_network("::1/128"))),
    ("SECRETS", '{"a": {"value": "b", "hosts": ["C.d"]}}', "secrets", {"a": Secret("b", frozenset({"c.d"}))}),
    ("GRAPHIQL", "off", "graphiql", False),
    ("INTROSPECTION", "0", "introspection", False),
    ("ORIGINS", "https://a.example, http://B.example:8080", "origins", ("https://a.example", "http://B.example:8080")),
    ("ORIGINS", "", "origins", ()),
    ("TRUSTED_PROXIES", "10.0.0.2/32", "trusted_proxies", (ip_network("10.0.0.2/32"),)),
]

REFUSED = [
    ("PORT", "abc"),
    ("PORT", "-1"),
    ("PORT", "70000"),
    ("PORT", "3000.5"),
    ("SECRET", "changeme"),
    ("SECRET", "x" * 31),
    ("SECRET", ""),
    ("DATABASE_URL", "mysql://me:hunter2-is-my-word@host/x"),
    ("DATABASE_URL", "postgres://me:hunter2-is-my-word@host"),
    ("DATABASE_URL", "postgres://me:hunter2/is-my-word@host/x"),
    ("DATABASE_URL", "postgres://me:2#is-my-word@host/x"),
    ("DATABASE_URL", "postgres://host:99999/x"),
    ("POOL_SIZE", "0"),
    ("POOL_WAIT", "0"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite://:memory:"),
    ("DATABASE_URL", "sqlite://x.db?mode=ro"),
    ("MODELS", ","),
    ("MODELS", "shop-models"),
    ("MODELS", "shop..models"),
    ("MODELS", "../models"),
    ("TRIGGERS", "loose"),
    ("ORIGINS", "a.example"),
    ("ORIGINS", "https://a.example/page"),
    ("ORIGINS", "*"),
    ("SOCKET_CHECK", "0"),
    ("ADDRESS_RATE", "-1"),
    ("USER_RATE", "many"),
    ("USER_ROWS", "-1"),
    ("HSTS", "-1"),
    ("BULK_LIMIT", "1001"),
    ("USER_SOCKETS", "0"),
    ("SOCKET_SUBSCRIPTIONS", "many"),
    ("SYNC_WAIT", "nan"),
    ("SYNC_WAIT", "-1"),
    ("SYNC_WAIT", "61"),
    ("CHAIN_DEPTH", "26"),
    ("CHAIN_EXECUTIONS", "0"),
    ("QUERY_TIMEOUT", "0"),
    ("PRIVATE_NETWORKS", "10.0.0.1/8"),
    ("PRIVATE_NETWORKS", "localhost"),
    ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ("TRUSTED_PROXIES", "*"),
    ("SECRETS", "abc"),
    ("SECRETS", "[]"),
    ("SECRETS", '{"a": "b"}'),
    ("SECRETS", '{"a": {"value": "b"}}'),
    ("SECRETS", '{"a": {"value": "b", "hosts": []}}'),
    ("SECRETS", '{"a": {"value": "b", "hosts": [1]}}'),
    ("SECRETS", '{"a": {"value": "b\\n", "hosts": ["c.d"]}}'),
    ("SECRETS", '{"a": {"value": "b", "hosts": ["c.d"], "host": "c.d"}}'),
    ("GRAPHIQL", "maybe"),
    ("BODY_LIMIT", "1"),
    ("PAGE_LIMIT", "0"),
]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, tmp_path):
    """An environment with no settings but a home that does not exist yet."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BANGPATH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("variable", "text", "field", "value"), READ)
def test_a_variable_is_read(monkeypatch, variable, text, field, value):
    monkeypatch.setenv(PREFIX + variable, text)

    assert value == getattr(read_settings(), field)


@pytest.mark.parametrize(("variable", "text"), REFUSED)
def test_what_will_not_do_is_named_in_one_line(monkeypatch, variable, text):
    monkeypatch.setenv(PREFIX + variable, text)

    with pytest.raises(SettingsError, match=f"^{PREFIX}{variable} must be [^\n]+$"):
        read_settings()


@pytest.mark.parametrize("variable", ["SECRET", "DATABASE_URL", "SECRETS"])
def test_no_secret_is_repeated(monkeypatch, variable):
    monkeypatch.setenv(PREFIX + variable, "hunter2-is-my-word")

    with pytest.raises(SettingsError) as refused:
        read_settings()

    assert "hunter2" not in str(refused.value)


def test_everything_wrong_is_told_at_once(monkeypatch):
    monkeypatch.setenv("BANGPATH_PORT", "abc")
    monkeypatch.setenv("BANGPATH_TRIGGERS", "loose")

    with pytest.raises(SettingsError) as refused:
        read_settings()

    assert (
        "BANGPATH_PORT must be a port from 1 to 65535, or 0 for any that is free, not 'abc'; "
        "BANGPATH_TRIGGERS must be strict or lenient, not 'loose'."
    ) == str(refused.value)


def test_a_start_without_settings_uses_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.delenv("BANGPATH_HOME")

    settings = read_settings()

    assert tmp_path / "var" == settings.home
    assert f"sqlite://{tmp_path}/var/bangpath.db" == settings.database_url
    assert tmp_path / "var" / "bangpath.db" == settings.database_path


@pytest.mark.parametrize(
    "url",
    [
        "postgres://me:hunter2@db.example/blog",
        "postgresql://db.example:5433/blog?sslmode=verify-full",
        "postgres://me@one:5432,two:5432/blog",
        "postgres:///blog?host=/run/postgresql",
    ],
)
def test_a_database_may_be_on_a_server(monkeypatch, url):
    monkeypatch.setenv("BANGPATH_DATABASE_URL", url)

    settings = read_settings()

    assert url == settings.database
    assert settings.database_path is None
    assert "hunter2" not in repr(settings)


def test_a_database_may_be_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("BANGPATH_DATABASE_URL", f"sqlite://{tmp_path}/data/mine.db")

    assert tmp_path / "data" / "mine.db" == read_settings().database_path


def test_a_relative_database_counts_from_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("BANGPATH_DATABASE_URL", "sqlite://data/mine.db")

    settings = read_settings()

    assert tmp_path / "data" / "mine.db" == settings.database_path
    assert (tmp_path / "data").is_dir()


def test_the_secret_is_made_once_for_its_owner_alone():
    first, second = read_settings(), read_settings()

    assert first.secret == second.secret
    assert len(first.secret) >= 32
    assert 0o600 == stat.S_IMODE((first.home / "secret").stat().st_mode)
    assert 0o700 == stat.S_IMODE(first.home.stat().st_mode)
    assert ["secret"] == [file.name for file in first.home.iterdir()]


def test_two_homes_have_two_secrets(tmp_path):
    assert Settings(home=tmp_path / "one").secret != Settings(home=tmp_path / "two").secret


def test_who_shares_a_database_with_a_secret_that_nobody_else_has_is_told(monkeypatch):
    monkeypatch.setenv("BANGPATH_DATABASE_URL", "postgres://db.example/blog")
    made = read_settings().advice
    monkeypatch.setenv("BANGPATH_SECRET", LONG)

    assert made is not None
    assert "BANGPATH_SECRET" in made
    assert read_settings().advice is None


def test_over_sqlite_a_made_secret_is_nothing_to_tell():
    assert read_settings().advice is None


def test_a_given_secret_is_not_stored(monkeypatch):
    monkeypatch.setenv("BANGPATH_SECRET", LONG)

    assert [] == list(read_settings().home.iterdir())


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40])
def test_a_damaged_secret_is_not_used(tmp_path, content):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "secret").write_bytes(content)

    with pytest.raises(StartError, match="is damaged: restore it, or remove it"):
        read_settings()


@pytest.mark.parametrize(
    ("variable", "value"), [("HOME", "{file}/home"), ("HOME", "{file}"), ("DATABASE_URL", "sqlite://{file}/x.db")]
)
def test_a_directory_that_cannot_be_made_is_told(monkeypatch, tmp_path, variable, value):
    """A path below a file: not even root can write there."""
    (tmp_path / "file").touch()
    monkeypatch.setenv(PREFIX + variable, value.format(file=tmp_path / "file"))

    with pytest.raises(StartError, match=f"^The directory [^\n]+ cannot be written [^\n]+: set {PREFIX}{variable} "):
        read_settings()


def test_the_secrets_are_not_shown_with_the_settings(monkeypatch):
    monkeypatch.setenv("BANGPATH_SECRET", LONG)
    monkeypatch.setenv("BANGPATH_ROOT_PASSWORD", "correct horse")

    shown = repr(read_settings())

    assert LONG not in shown
    assert "correct horse" not in shown


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["BANGPATH_PROT"], ["BANGPATH_PROT is not a setting: did you mean BANGPATH_PORT?"]),
        (["BANGPATH_HOSTNAME"], ["BANGPATH_HOSTNAME is not a setting: did you mean BANGPATH_HOST?"]),
        (["BANGPATH_QQQQQQ"], ["BANGPATH_QQQQQQ is not a setting: docs/settings.md lists those there are."]),
        (["BANGPATH_PORT", "BANGPATH_TEST_X", "BANGPATH_SCREENSHOT", "PORT"], []),
    ],
)
def test_an_unknown_variable_is_told_with_the_one_meant(names, expected):
    assert expected == unknown_variables(names)


def test_the_document_lists_every_setting_with_its_default():
    listed = dict(re.findall(r"^\| `BANGPATH_(\w+)` \| (.+?) \|", DOCUMENT.read_text(), re.MULTILINE))
    simple = {
        name: str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        for name, field in Settings.model_fields.items()
        if field.default_factory is None and isinstance(field.default, str | int | float | Path)
    }

    assert [name.upper() for name in Settings.model_fields] == list(listed)
    assert {name: f"`{value}`" for name, value in simple.items()} == {name: listed[name.upper()] for name in simple}
