"""Reads the bodies of requests: not more than the limit, and nothing that means two things."""

import json
import math
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request

from api.nesting import NestingError, unnest
from engine.data.values import NESTING, refuse_unstorable
from engine.errors import Code, Refusal, refuse

FORM = "application/x-www-form-urlencoded"

# `curl -d '{…}'`, as documentation shows it, sends JSON as a form; others send it as text or as nothing.
_JSON_IF_IT_LOOKS_SO = (FORM, "text/plain", "")

_TOO_DEEP = f"nests {NESTING} deep or more."


class _Fault(ValueError):
    """What is wrong with values, as the rest of a sentence."""


async def read_body(request: Request, limit: int) -> bytes:
    """The body, as far as `limit` allows; of a larger one no more is read than shows that it is.

    Raises `BODY_TOO_LARGE`, or `UNSUPPORTED_MEDIA_TYPE` for one that is compressed.
    """
    if request.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        raise refuse(Code.UNSUPPORTED_MEDIA_TYPE, "A body is sent as it is, without a Content-Encoding.")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 18 or int(length) > limit):
        raise _too_large(limit)
    chunks: list[bytes] = []
    size, is_whole = 0, False
    # Starlette's own `stream` is a generator, which the loop keeps a record of.
    while not is_whole:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise refuse(Code.BAD_JSON, "The connection ended before the body did.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(limit)
        is_whole = not message.get("more_body", False)
    return b"".join(chunks)


async def read_values(request: Request, limit: int) -> Any:
    """The values in the body of a write: JSON, or a form, whose values are all text. An empty body has none: `{}`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    if not is_json and media_type not in _JSON_IF_IT_LOOKS_SO:
        raise refuse(
            Code.UNSUPPORTED_MEDIA_TYPE,
            "A body is application/json or application/x-www-form-urlencoded.",
            mediaType=media_type,
        )
    body = await read_body(request, limit)
    if not body.strip():
        return {}
    if media_type == FORM and not body.lstrip().startswith((b"{", b"[")):
        return _form(body)
    return parse_json(body)


def parse_json(text: bytes) -> Any:
    """The value of a JSON text; raises `BAD_JSON` for what parsers disagree about or a database cannot keep.

    The standard parser and not a faster one: those keep the last of duplicate keys and round wide integers.

    >>> parse_json(b'{"title": "a"}')
    {'title': 'a'}
    """
    try:
        said = text.decode("utf-8-sig")
        value = _DECODER.decode(said)
        if not _is_plain(said):
            _check(value)
    except UnicodeDecodeError:
        raise _bad("is not UTF-8.") from None
    except RecursionError:
        raise _bad(_TOO_DEEP) from None
    except json.JSONDecodeError as error:
        raise _bad(f"cannot be read: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except _Fault as fault:
        raise _bad(str(fault)) from None
    except ValueError:
        # What is left is Python's own limit to the digits of an integer.
        raise _bad("has a number with too many digits.") from None
    return value


def _form(body: bytes) -> dict[str, Any]:
    try:
        values = unnest(body.strip())
        _check(values)
    except (NestingError, _Fault) as fault:
        raise refuse(Code.BAD_JSON, f"The form {fault}") from None
    return values


def _is_plain(text: str) -> bool:
    """Whether nothing in a JSON text can be what `_check` refuses: that takes an escape, or as many brackets."""
    return "\\u" not in text and text.count("{") + text.count("[") < NESTING


def _check(value: Any) -> None:
    """Refuse text that cannot be stored, and depth; a loop, because what it looks at may be deep."""
    depth, layer = 0, [value]
    while layer:
        _check_texts(item for item in layer if isinstance(item, str))
        _check_texts(name for item in layer if isinstance(item, dict) for name in item)
        containers = [item for item in layer if isinstance(item, dict | list)]
        depth += bool(containers)
        if depth >= NESTING:
            raise _Fault(_TOO_DEEP)
        layer = [inner for item in containers for inner in (item.values() if isinstance(item, dict) else item)]


def _check_texts(texts: Iterable[str]) -> None:
    try:
        for text in texts:
            refuse_unstorable(text)
    except ValueError as fault:
        raise _Fault(f"{fault}.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _Fault("has the same key twice in one object.")
    return members


def _no_constant(name: str) -> Any:
    raise _Fault(f"has the number {name}, which there is not in JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Fault("has a number that is too large.")
    return number


def _bad(fault: str) -> Refusal:
    return refuse(Code.BAD_JSON, f"The JSON {fault}")


def _too_large(limit: int) -> Refusal:
    return refuse(Code.BODY_TOO_LARGE, f"A body may have {limit} bytes.", limit=limit)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite)
