"""The settings of the service: read once from the environment, frozen afterwards."""

import difflib
import json
import os
import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.home import DATABASE, kept_secret, make_writable
from engine.data.plans import MAX_RECORDS
from engine.database import Pool, is_postgres
from engine.errors import StartError
from engine.identity.provider import ALGORITHMS
from engine.identity.tokens import MIN_SECRET_BYTES
from engine.outgoing.secrets import Secret

PREFIX = "BANGPATH_"
FOR_TESTS = (f"{PREFIX}TEST_", f"{PREFIX}SCREENSHOT")
SAMPLE = ("schema.sample.models",)
SQLITE = "sqlite://"

# What these were set to belongs in no message: the address of a database may hold a password.
_PRIVATE = ("secret", "root_password", "database_url", "secrets")


class SettingsError(StartError):
    """A setting cannot be used; the message is one line that says what would do."""


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _address(url: str) -> str:
    if is_postgres(url):
        return _postgres_address(url)
    file = url.removeprefix(SQLITE)
    if not url.startswith(SQLITE) or file in ("", ":memory:") or "?" in file:
        raise ValueError("not the address of an SQLite file")
    return f"{SQLITE}{_absolute(Path(file))}"


def _postgres_address(url: str) -> str:
    parts = urlsplit(url)
    # A password with a slash or a hash in it is cut off there, and a piece of it stands where the port should.
    for host in parts.netloc.rpartition("@")[2].split(","):
        if urlsplit(f"//{host}").port == 0:
            raise ValueError("not a port")
    if parts.path in ("", "/") or parts.fragment:
        raise ValueError("not the address of a database")
    return url


def _long_enough(secret: str) -> str:
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ValueError("too short to sign with")
    return secret


def _origin(origin: str) -> str:
    # Only who sets origins has to wait until GraphQL is imported: commands need nothing of it.
    from strawberry.http.websocket_origin import normalize_origin

    if normalize_origin(origin) != origin.lower():
        raise ValueError("not the origin of a page")
    return origin


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username is not None or parts.port == 0:
        raise ValueError("not an address of the web")
    return url


def _named_secrets(text: object) -> object:
    """`{"name": {"value": "…", "hosts": ["api.example.com"]}}`; other members are mistakes, not to be passed over."""
    named = json.loads(text) if isinstance(text, str) else text
    if not isinstance(named, dict):
        raise ValueError("not an object")
    return {name: secret if isinstance(secret, Secret) else _named_secret(secret) for name, secret in named.items()}


def _named_secret(given: object) -> Secret:
    match given:
        case {"value": str(value), "hosts": [*hosts], **others} if hosts and not others:
            if re.fullmatch(r"[\x20-\x7e]+", value) and all(isinstance(host, str) for host in hosts):
                return Secret(value, frozenset(str(host).lower() for host in hosts))
    raise ValueError("not a secret with its hosts")


def _split(names: object) -> object:
    return tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names


Directory = Annotated[Path, AfterValidator(_absolute)]
ModuleName = Annotated[str, Field(pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)*$")]
# NoDecode: pydantic-settings would take the text for JSON.
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_split)]
ModuleNames = Annotated[tuple[ModuleName, ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_split)]
Algorithms = Annotated[tuple[Literal["RS256", "ES256"], ...], NoDecode, BeforeValidator(_split)]
NamedSecrets = Annotated[dict[str, Secret], NoDecode, BeforeValidator(_named_secrets)]


class Settings(BaseSettings):
    """Each field is the variable `BANGPATH_` plus its name; its description says which values will do.

    What each one means is in `docs/settings.md`. An empty variable counts as none.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    host: str = Field(default="127.0.0.1", description="a name or an address of this machine")
    port: int = Field(default=3000, ge=0, le=65535, description="a port from 1 to 65535, or 0 for any that is free")
    home: Directory = Field(default=Path("var"), validate_default=True, description="a directory")
    database_url: Annotated[str, AfterValidator(_address)] = Field(
        default_factory=lambda known: f"{SQLITE}{known['home'] / DATABASE}",
        repr=False,
        description=f"{SQLITE}/absolute/file, {SQLITE}relative/file or postgres://user:password@host:port/name",
    )
    pool_size: int = Field(default=10, ge=1, le=1000, description="a number from 1 to 1000")
    pool_wait: float = Field(default=5, gt=0, le=60, description="seconds from 0.1 to 60")
    secret: Annotated[str, AfterValidator(_long_enough)] = Field(
        default_factory=lambda known: kept_secret(known["home"]),
        repr=False,
        description=f"a random text of {MIN_SECRET_BYTES} bytes or more, or unset to have one made",
    )
    root_password: str | None = Field(default=None, repr=False, description="a password")
    models: ModuleNames = Field(default=SAMPLE, description="names of Python modules with commas between them")
    triggers: Literal["strict", "lenient"] = Field(default="strict", description="strict or lenient")
    sync_wait: float = Field(default=10, ge=0, le=60, description="seconds from 0 to 60")
    sync_requests: int = Field(default=200, ge=1, description="a number from 1 on")
    chain_depth: int = Field(default=10, ge=1, le=25, description="a number from 1 to 25")
    chain_executions: int = Field(default=10_000, ge=1, description="a number from 1 on")
    worker: bool = Field(default=True, description="on or off")
    keep_succeeded: float = Field(default=7, ge=0, le=36_500, description="days from 0 to 36500")
    keep_failed: float = Field(default=30, ge=0, le=36_500, description="days from 0 to 36500")
    private_networks: Networks = Field(
        default=(), description="networks such as 10.1.0.0/16 or 127.0.0.1/32 with commas between them"
    )
    secrets: NamedSecrets = Field(
        default={},
        repr=False,
        description='a JSON object such as {"name": {"value": "…", "hosts": ["api.example.com"]}}',
    )
    identity_issuer: str | None = Field(default=None, description="what stands in the claim iss of its tokens")
    identity_audience: str | None = Field(default=None, description="what stands in the claim aud of tokens for us")
    identity_keys: Annotated[str, AfterValidator(_web_address)] | None = Field(
        default=None, description="an address such as https://id.example.com/jwks.json"
    )
    identity_algorithms: Algorithms = Field(
        default=ALGORITHMS, description="RS256, ES256, or both with a comma between them"
    )
    identity_claim: str = Field(default="sub", min_length=1, description="the name of a claim")
    graphiql: bool = Field(default=True, description="on or off")
    introspection: bool = Field(default=True, description="on or off")
    body_limit: int = Field(default=1024 * 1024, ge=1024, description="a number of bytes from 1024 on")
    page_limit: int = Field(default=200, ge=1, le=10_000, description="a number from 1 to 10000")
    graphql_depth: int = Field(default=10, ge=1, description="a number from 1 on")
    graphql_tokens: int = Field(default=1000, ge=1, description="a number from 1 on")
    graphql_aliases: int = Field(default=15, ge=0, description="a number from 0 on")
    graphql_root_fields: int = Field(default=30, ge=1, description="a number from 1 on")
    graphql_cost: int = Field(default=10_000, ge=1, description="a number from 1 on")
    bulk_limit: int = Field(default=MAX_RECORDS, ge=1, le=MAX_RECORDS, description=f"a number from 1 to {MAX_RECORDS}")
    user_rows: int = Field(default=100_000, ge=0, description="a number from 0 on")
    address_rate: int = Field(default=1000, ge=0, description="a number from 0 on")
    user_rate: int = Field(default=60_000, ge=0, description="a number from 0 on")
    socket_subscriptions: int = Field(default=100, ge=1, description="a number from 1 on")
    socket_check: float = Field(default=5, ge=0.1, le=600, description="seconds from 0.1 to 600")
    user_sockets: int = Field(default=100, ge=1, description="a number from 1 on")
    trusted_proxies: Networks = Field(
        default=(), description="networks such as 10.1.0.0/16 or 127.0.0.1/32 with commas between them"
    )
    origins: Origins = Field(default=(), description="origins such as https://example.com with commas between them")
    audit_file: Directory | None = Field(default=None, description="a file in a directory that is there")
    hsts: int = Field(default=0, ge=0, description="a number of seconds from 0 on")
    query_timeout: float = Field(default=10, gt=0, le=600, description="seconds from 0.1 to 600")
    watchdog: float = Field(default=30, ge=0, le=3600, description="seconds from 0 to 3600")

    @property
    def database(self) -> str:
        """What the engine opens: an SQLite file, or the address of a PostgreSQL database."""
        return self.database_url.removeprefix(SQLITE)

    @property
    def database_path(self) -> Path | None:
        """The SQLite file, where it is one."""
        return None if is_postgres(self.database) else Path(self.database)

    @property
    def advice(self) -> str | None:
        """What is no mistake, but should be known."""
        if is_postgres(self.database) and "secret" not in self.model_fields_set:
            return f"tokens are signed with the secret in {self.home}; who shares the database needs {PREFIX}SECRET."
        return None

    @property
    def pool(self) -> Pool:
        """The connections to PostgreSQL."""
        return Pool(self.pool_size, self.pool_wait)


def read_settings() -> Settings:
    """The settings of this process; makes the directories that they name, and on the first start a secret.

    Raises `SettingsError` for values that will not do, all together, and `StartError` for what cannot be written.
    """
    # For the others an empty variable counts as none. Here it means that something should have filled it and did not:
    # with secrets made instead, each host would have its own, and nobody would be told.
    if os.environ.get(f"{PREFIX}SECRET") == "":
        raise SettingsError(f"{_complaint('secret', '')}.")
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError(f"{'; '.join(_complaints(error))}.") from None
    make_writable(settings.home)
    if settings.database_path:
        make_writable(settings.database_path.parent, f"{PREFIX}DATABASE_URL")
    return settings


def unknown_variables(environ: Iterable[str]) -> list[str]:
    """One line for each variable that looks like a setting and is none.

    >>> unknown_variables(["BANGPATH_PROT", "BANGPATH_PORT", "BANGPATH_TEST_ROOT", "HOME"])
    ['BANGPATH_PROT is not a setting: did you mean BANGPATH_PORT?']
    """
    known = [name.upper() for name in Settings.model_fields]
    ours = [name for name in environ if name.startswith(PREFIX) and not name.startswith(FOR_TESTS)]
    unknown = sorted({name.removeprefix(PREFIX) for name in ours} - set(known))
    return [f"{PREFIX}{name} is not a setting: {_advice(name, known)}" for name in unknown]


def _advice(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {PREFIX}{near[0]}?" if near else "docs/settings.md lists those there are."


def _complaints(error: ValidationError) -> list[str]:
    # A default that is made from another field is not made, and complained of, when that one is wrong.
    wrong = [each for each in error.errors() if each["type"] != "default_factory_not_called"]
    given = {str(each["loc"][0]): each["input"] for each in wrong}
    return [_complaint(name, value) for name, value in given.items()]


def _complaint(name: str, given: object) -> str:
    shown = "" if name in _PRIVATE else f", not {given!r}"
    return f"{PREFIX}{name.upper()} must be {Settings.model_fields[name].description}{shown}"
