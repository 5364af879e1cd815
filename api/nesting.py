"""Text of queries and forms → values that nest, by the rules of `qs`; pure."""

import re
from typing import Any
from urllib.parse import unquote

from qs_codec import DecodeOptions, decode

DEPTH = 10
ITEMS = 200

_NAME = re.compile(r"[^\[\]]+(\[[^\[\]]*\])*")


class NestingError(ValueError):
    """The text cannot be read; the message is the rest of a sentence that says why."""


def unnest(text: bytes) -> dict[str, Any]:
    """The values of `name=value&name[inner]=value`: text, lists and objects, None for a name without `=`.

    Where `qs` guesses, cuts or keeps garbage, this raises `NestingError`.

    >>> unnest(b"title=a+b&category[title]=%C3%A4&tags[]=1&tags[]=2")
    {'title': 'a b', 'category': {'title': 'ä'}, 'tags': ['1', '2']}
    """
    try:
        pairs = [_pair(part) for part in text.decode("utf-8").split("&") if part]
        return decode("&".join(pairs), _OPTIONS)
    except UnicodeDecodeError:
        raise NestingError("is not UTF-8.") from None
    except NestingError:
        raise
    except IndexError:
        raise NestingError(f"nests more than {DEPTH} deep.") from None
    except ValueError as error:
        raise NestingError(f"is too much: {error}") from None


def _pair(part: str) -> str:
    """The pair as `qs` will split it. It takes the last `]=` for the end of a name, also where that is in a value."""
    name, equals, value = part.partition("=")
    if not _NAME.fullmatch(shown := _decode(name)):
        raise NestingError(f"has a name with brackets that do not match: '{shown[:100]}'.")
    return f"{name}{equals}{value.replace('=', '%3D')}"


def _decode(text: str | None) -> str:
    return unquote((text or "").replace("+", " "), errors="strict")


_OPTIONS = DecodeOptions(
    depth=DEPTH,
    strict_depth=True,
    raise_on_limit_exceeded=True,
    list_limit=ITEMS,
    parameter_limit=ITEMS,
    strict_null_handling=True,
    decoder=_decode,
)
