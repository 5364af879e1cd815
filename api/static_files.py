"""Serves the files our own pages are made of: those that are there at the start, each under its own name.

A request's path is a key of that list and never a path of the file system, so there is nothing to climb out of. The
pages themselves are not among them: a door serves each, with a policy of its own.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from engine.errors import Code, refuse

PATH = "/static/{name:path}"
FOLDER = Path(__file__).parent / "static"
# The machine's own table differs from host to host, and with `nosniff` a wrong type is a page that does not work.
MEDIA_TYPES = {
    ".css": "text/css",
    ".graphql": "text/plain",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# The name of what others made carries its version; ours changes with each of our own, and is asked for again.
UNCHANGING = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"
HEADERS = {
    # For a picture that is opened by itself: it is a document then, and may run nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is answered."""

    content: bytes
    media_type: str
    etag: str
    cache_control: str


def static_route(folder: Path = FOLDER) -> Route:
    """The one route of all static files."""
    return Route(PATH, StaticFiles(folder))


class StaticFiles:
    """Answers GET and HEAD below `/static/` from memory."""

    def __init__(self, folder: Path) -> None:
        found = (path for path in folder.rglob("*") if path.suffix in MEDIA_TYPES and path.is_file())
        self._files = {path.relative_to(folder).as_posix(): _read(path) for path in found}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise refuse(Code.METHOD_NOT_ALLOWED, "Static files take GET.", allow=["GET", "HEAD"])
        file = self._files.get(request.path_params["name"])
        if file is None:
            raise refuse(Code.NOT_FOUND, "There is no such file.")
        headers = {**HEADERS, "ETag": file.etag, "Cache-Control": file.cache_control}
        if file.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers=headers, media_type=file.media_type)


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    cache_control = UNCHANGING if path.parent.name == "vendor" else ASKED_AGAIN
    return StaticFile(content, MEDIA_TYPES[path.suffix], etag, cache_control)
