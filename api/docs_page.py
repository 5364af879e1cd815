"""Serves the page that shows what the REST door offers: without data, which it asks for once somebody signed in."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from engine.errors import StartError

PATH = "/docs"
PAGE = Path(__file__).parent / "static" / "docs" / "index.html"
HEADERS = {
    # The pictures are inside of Swagger UI's style sheet.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


def docs_route() -> Route:
    """The one route of the page; raises `StartError` where the page is missing."""
    try:
        page = PAGE.read_text("utf-8")
    except FileNotFoundError:
        raise StartError(f"The page of the documentation is missing at {PAGE}: install the package again.") from None

    async def answer(request: Request) -> Response:
        return HTMLResponse(page, headers=HEADERS)

    return Route(PATH, answer, methods=["GET"])
