"""The command `bangpath`."""

import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Annotated

import typer
import uvloop

from api.app import Service, open_service
from api.logs import write_audit, write_logs
from api.server import Server, listen, until_signal
from api.settings import SAMPLE, Settings, read_settings, unknown_variables
from api.version import VERSION
from api.watchdog import watched
from api.welcome import Started, password_line, welcome
from engine.database import shown
from engine.errors import Refusal, StartError

TOKEN_HOURS = 24

User = Annotated[str, typer.Option(help="Whose.")]

command = typer.Typer(
    name="bangpath",
    help="A GraphQL and REST data service whose writes fire workflows. Its settings are in docs/settings.md.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command; what the person can mend is told in one line, everything else is a fault of ours."""
    try:
        command(prog_name="bangpath")
    except StartError as error:
        sys.exit(f"bangpath: {error}")
    except Refusal as refusal:
        sys.exit(f"bangpath: {' '.join(complaint.message for complaint in refusal.complaints)}")


@command.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False) -> None:
    if version:
        print(f"Bangpath {VERSION}")
        raise typer.Exit


@command.command()
def serve() -> None:
    """Migrate, then answer requests and run workflows until a signal comes."""
    uvloop.run(_serve(_settings()))


@command.command()
def worker() -> None:
    """Migrate, then only run workflows until a signal comes, beside any number of processes on one PostgreSQL."""
    uvloop.run(_worker(_settings()))


@command.command()
def migrate() -> None:
    """Bring the database up to date; on the first start, load what a new one holds."""
    uvloop.run(_migrate(_settings()))


@command.command()
def token(
    user: User = "root",
    role: Annotated[str | None, typer.Option(help="Print curl's two headers, for this role of theirs.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=24 * 365, help="How long it lasts.")] = TOKEN_HOURS,
) -> None:
    """Print a new token."""
    uvloop.run(_token(_settings(), user, role, hours))


@command.command()
def password(user: User = "root") -> None:
    """Replace a lost password by a generated one and print it; the user's tokens end."""
    uvloop.run(_password(_settings(), user))


async def _serve(settings: Settings) -> None:
    if settings.database_path and not settings.worker:
        raise StartError("on SQLite nothing but `bangpath serve` runs the workflows: leave BANGPATH_WORKER on.")
    with closing(listen(settings.host, settings.port)) as listener:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        async with open_service(settings) as service:
            # First: the loop, which is watched and where executions run from then on, has to wait for it.
            asgi = service.asgi
            _collect_garbage()
            started = Started(
                url=_url(settings.host, settings.port),
                process=os.getpid(),
                password=password_line(service.first_password, settings.root_password is not None),
                token=await service.issue_token("root", TOKEN_HOURS) if settings.models == SAMPLE else None,
                graphiql=settings.graphiql,
            )
            server = Server(asgi, ready=lambda: print(welcome(started), flush=True), leaving=service.engine.leave)
            async with service.running(), watched(settings.watchdog):
                await server.serve(sockets=[listener])


async def _worker(settings: Settings) -> None:
    if settings.database_path:
        raise StartError("on SQLite `bangpath serve` runs the workflows: `bangpath worker` is for PostgreSQL.")
    async with until_signal() as ended, open_service(settings.model_copy(update={"worker": True})) as service:
        if service.first_password:
            print(_told(service.first_password), file=sys.stderr)
        _collect_garbage()
        told = f"Bangpath {VERSION}, process {os.getpid()}, runs the workflows of {shown(settings.database)}."
        async with service.running(), watched(settings.watchdog):
            print(told, flush=True)
            await ended.wait()


async def _migrate(settings: Settings) -> None:
    async with _opened(settings):
        print(f"{shown(settings.database)} is up to date.")


async def _token(settings: Settings, user: str, role: str | None, hours: float) -> None:
    async with _opened(settings) as service:
        issued = await service.issue_token(user, hours)
        if role is None:
            print(issued)
            return
        await service.engine.accounts.actor(issued, role)
        print(f"-H 'Authorization: Bearer {issued}' -H 'X-Role: {role}'")


async def _password(settings: Settings, user: str) -> None:
    async with _opened(settings) as service:
        print(await service.reset_password(user))


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Service]:
    """The service for a command that is soon done. A password made on the way must not be lost."""
    async with open_service(settings) as service:
        if service.first_password:
            print(_told(service.first_password), file=sys.stderr)
        yield service


def _collect_garbage() -> None:
    """From now on, and not among what the start has made; see `api/__main__.py`."""
    gc.freeze()
    gc.enable()


def _told(first_password: str) -> str:
    return f"bangpath: root's password is {first_password} (shown this once)"


def _settings() -> Settings:
    write_logs()
    for line in unknown_variables(os.environ):
        print(f"bangpath: {line}", file=sys.stderr)
    settings = read_settings()
    if settings.advice:
        print(f"bangpath: {settings.advice}", file=sys.stderr)
    if settings.audit_file:
        write_audit(settings.audit_file)
    # Last, not first: a project whose models we serve may have an `api` package of its own.
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    return settings


def _url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - names it, listens on nothing
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
