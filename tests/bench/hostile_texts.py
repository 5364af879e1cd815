"""How long the longest texts take that anybody may send: to be read where they may be that long, or to be refused."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from graphql import parse as parse_document

from engine.errors import Refusal
from engine.identity.tokens import Tokens
from engine.workflow.templates import parse as parse_template
from schema.limits import Limits, complaints
from tests.bench._figures import show

TIMES = 20
SECRET = "a secret that is long enough for everybody"
MEGABYTE = 1_000_000
FRAGMENTS = 60


def doubling() -> str:
    """A document whose size doubles with every fragment."""
    chain = " ".join(f"fragment f{n} on Post {{ ...f{n + 1} ...f{n + 1} }}" for n in range(FRAGMENTS))
    return f"{{ posts {{ items {{ ...f0 }} }} }} {chain} fragment f{FRAGMENTS} on Post {{ a: id }}"


def token(text: str) -> Callable[[], object]:
    tokens = Tokens(SECRET, lambda: datetime.now(UTC))

    def read() -> object:
        try:
            return tokens.read(text)
        except Refusal:
            return None

    return read


def measured() -> Mapping[str, Callable[[], Any]]:
    document = parse_document(doubling())
    return {
        "a token of a megabyte": token("x" * MEGABYTE),
        "a token of a hundred dots": token("." * 100),
        "a token of brackets": token("[" * 6000),
        f"a document of 2^{FRAGMENTS} fields": lambda: list(complaints(document, Limits())),
        **{
            f"a template of a megabyte of {piece}": lambda piece=piece: parse_template(piece * (MEGABYTE // len(piece)))
            for piece in ("{", "{{", "{{$a", "{{}}", "{{$a}}", "}}{{")
        },
    }


def main() -> None:
    for name, run in measured().items():
        times = []
        for _ in range(TIMES):
            began = time.perf_counter()
            run()
            times.append((time.perf_counter() - began) * 1000)
        show(name, times, "ms")


if __name__ == "__main__":
    main()
