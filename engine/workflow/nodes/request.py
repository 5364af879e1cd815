"""The node `request`: calls another service over HTTP."""

import json
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from engine.data.values import refuse_unstorable
from engine.outgoing.calls import Answered, Call
from engine.outgoing.failures import CallFailed
from engine.workflow.checks import check_templates
from engine.workflow.complaints import Complaints
from engine.workflow.members import Members
from engine.workflow.nodes.base import Done, Effect, Failed, Node, Outcome
from engine.workflow.scope import Known, Scope, written

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
SECONDS = 10
MAX_SECONDS = 60
MAX_REDIRECTS = 5
MAX_URL = 8 * 1024
SHOWN = 500
"""Characters of an answer that are told with its status, where that is a failure."""

_BODILESS = ("GET", "HEAD")
_TRANSIENT = (408, 425, 429)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_TEXT = re.compile(r"[\t\x20-\x7e]*")
_PLACE = re.compile(r"[a-z]+://[^/?#]*", re.IGNORECASE)
# What the connection, the body and the stable key decide.
_OURS = re.compile(
    r"(host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive|accept-encoding"
    r"|proxy-.*|webhook-.*)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\s*https?://", re.IGNORECASE)
_NO_PLACE = "A URL begins with http:// or https://, and has a host; its port, if any, is one from 1 to 65535."
# Python knows others, some of which are no character sets.
_CHARSET = re.compile(r"utf-?8|utf-?16(le|be)?|us-ascii|iso-8859-[0-9]{1,2}|windows-125[0-9]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RequestConfig:
    """`url`, `headers`, `query` and the bodies have templates in them. `secrets` are headers, each with the name of the
    secret that it shows; `accept` the statuses from 400 on that are no failure."""

    method: str
    url: str
    headers: Mapping[str, Any]
    secrets: Mapping[str, str]
    query: Mapping[str, Any]
    json: Any
    form: Mapping[str, Any] | None
    sign: str | None
    accept: Set[int]
    seconds: float
    redirects: int


class Request(Node[RequestConfig]):
    """Its result is `{"status", "headers", "body"}`. It may be made twice where a process dies, with the same key."""

    kind = "request"
    effect = Effect.OUTSIDE

    @classmethod
    def read(
        cls, given: Mapping[str, Any], branches: Set[str], known: Known, complaints: Complaints
    ) -> RequestConfig | None:
        members = Members(given, complaints)
        members.refuse_others(
            *("method", "url", "headers", "query", "json", "form", "sign", "accept", "timeout", "redirects")
        )
        method = members.choice("method", METHODS, "GET")
        url = _url(members)
        headers, secrets = _headers(members)
        sign = members.text("sign") if given.get("sign") is not None else None
        _check_secrets(known, url, secrets, sign, complaints)
        query, form = members.object("query"), members.object("form")
        _check_body(members, method)
        for name in ("url", "headers", "query", "json", "form"):
            check_templates(given.get(name), known, complaints.at(name))
        return RequestConfig(
            method=method or "GET",
            url=url or "",
            headers=headers,
            secrets=secrets,
            query=query,
            json=given.get("json"),
            form=form if given.get("form") is not None else None,
            sign=sign,
            accept=_accept(members),
            seconds=_number(members, "timeout", SECONDS, 1, MAX_SECONDS),
            redirects=int(_number(members, "redirects", MAX_REDIRECTS, 0, MAX_REDIRECTS)),
        )

    async def run(self, config: RequestConfig, scope: Scope) -> Outcome:
        try:
            answered = await self.tools.caller.call(_call(config, scope))
        except CallFailed as failure:
            return Failed(str(failure), failure.transient, failure.wait)
        if answered.status < 400 or answered.status in config.accept:
            return Done({"status": answered.status, "headers": dict(answered.headers), "body": _body(answered)})
        transient = answered.status >= 500 or answered.status in _TRANSIENT
        shown = _text(answered)[:SHOWN]
        return Failed(f"The answer was {answered.status}: {shown}", transient, _retry_after(answered, scope.now))

    def input(self, config: RequestConfig, scope: Scope) -> Any:
        """Secrets by their names alone."""
        shown = {
            "method": config.method,
            "url": scope.fill_text(config.url),
            "headers": {**scope.fill(config.headers), **{name: {"secret": of} for name, of in config.secrets.items()}},
            "query": scope.fill(config.query),
            "json": scope.fill(config.json),
            "form": scope.fill(config.form),
            "sign": config.sign,
        }
        return {name: value for name, value in shown.items() if value not in (None, {})}


def _url(members: Members) -> str | None:
    """A template may bring the whole place, but what stands before the first one is known already."""
    url = members.text("url")
    if url is None:
        return None
    if fault := _fault_before(url) if "{{" in url else _fault(url):
        members.complaints.add(fault, "url")
    return url


def _fault_before(template: str) -> str | None:
    literal = template.partition("{{")[0]
    return None if not literal.strip() or _SCHEME.match(literal) else _NO_PLACE


def _fault(url: str) -> str | None:
    """Why a URL without templates in it cannot be called."""
    if len(url) > MAX_URL:
        return f"A URL has at most {MAX_URL} characters."
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        return f"The URL cannot be read: {error}."
    if parsed.userinfo:
        return "A URL has no user and no password in it: send a secret in a header."
    has_port = parsed.port is None or 0 < parsed.port < 2**16
    has_place = parsed.scheme in ("http", "https") and parsed.host and has_port
    return None if has_place else _NO_PLACE


def _headers(members: Members) -> tuple[dict[str, Any], dict[str, str]]:
    """Those with texts, and those with the name of a secret: `{"Authorization": {"secret": "stripe"}}`."""
    complaints = members.complaints.at("headers")
    texts: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in members.object("headers").items():
        if not _HEADER.fullmatch(name):
            complaints.add("This is not the name of a header.", name)
        elif _OURS.fullmatch(name):
            complaints.add(f"'{name}' is set by the service.", name)
        elif name.lower() in seen:
            complaints.add(f"'{name}' is there twice.", name)
        elif isinstance(value, Mapping):
            secret = Members(value, complaints.at(name))
            secret.refuse_others("secret")
            secrets[name] = secret.text("secret") or ""
        elif not isinstance(value, str) or ("{{" not in value and not _TEXT.fullmatch(value)):
            complaints.add('A header is a text of ASCII in one line, or {"secret": name}.', name)
        else:
            texts[name] = value
        seen.add(name.lower())
    return texts, secrets


def _check_secrets(
    known: Known, url: str | None, headers: Mapping[str, str], sign: str | None, complaints: Complaints
) -> None:
    """Complain about secrets that are not there, or not for the host that is called, where that is known already."""
    if known.secrets is None:
        return
    host = _host(url or "")
    for name, secret in headers.items():
        if secret and (fault := known.secrets.fault(secret, host)):
            complaints.add(fault, "headers", name, "secret")
    if sign is not None and (fault := known.secrets.fault(sign, host)):
        complaints.add(fault, "sign")


def _host(url: str) -> str | None:
    """The host of a URL, None where a template brings it or a part of it.

    >>> _host("https://a.example/{{$context.data.id}}"), _host("https://{{$context.data.host}}.example/"), _host("")
    ('a.example', None, None)
    """
    place = _PLACE.match(url.strip())
    return None if place is None or "{{" in place[0] or _fault(place[0]) else httpx.URL(place[0]).host


def _check_body(members: Members, method: str | None) -> None:
    bodies = [name for name in ("json", "form") if members.given.get(name) is not None]
    if len(bodies) > 1:
        members.complaints.add("A request has one body: 'json' or 'form'.", "form")
    elif bodies and method in _BODILESS:
        members.complaints.add(f"A {method} has no body.", bodies[0])


def _accept(members: Members) -> frozenset[int]:
    statuses = members.list("accept")
    for index, status in enumerate(statuses):
        if isinstance(status, bool) or not isinstance(status, int) or not 400 <= status <= 599:
            members.complaints.add("A status that is no failure here, from 400 to 599.", "accept", index)
    return frozenset(status for status in statuses if isinstance(status, int))


def _number(members: Members, name: str, default: float, least: float, most: float) -> float:
    value = members.given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        members.complaints.add(f"'{name}' is a number from {least:g} to {most:g}.", name)
        return default
    return value


def _call(config: RequestConfig, scope: Scope) -> Call:
    """The request with its variables filled in; what they bring is checked like what was written."""
    text = scope.fill_text(config.url).strip()
    if fault := _fault(text):
        raise CallFailed(fault)
    headers = {name: scope.fill_text(value) for name, value in config.headers.items()}
    for name, value in headers.items():
        if not _TEXT.fullmatch(value):
            raise CallFailed(f"The header '{name}' is not a text of ASCII in one line.")
    content = b""
    if config.json is not None:
        content = json.dumps(scope.fill(config.json), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **headers}
    elif config.form is not None:
        content = urlencode(_pairs(scope.fill(config.form))).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    url = httpx.URL(text)
    for name, value in _pairs(scope.fill(config.query)):
        url = url.copy_add_param(name, value)
    return Call(
        method=config.method,
        url=url,
        key=scope.stable_key,
        headers=headers,
        content=content,
        secrets=config.secrets,
        signed_by=config.sign,
        seconds=config.seconds,
        redirects=config.redirects,
        urgent=scope.awaited,
    )


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names with their values as text, a list as several; what is null is not sent."""
    listed = {name: value if isinstance(value, list) else [value] for name, value in values.items()}
    return [(name, written(item)) for name, items in listed.items() for item in items if item is not None]


def _body(answered: Answered) -> Any:
    """The value of JSON that can be kept, else the text, null for none."""
    if not answered.body:
        return None
    text = _text(answered)
    media_type = answered.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        try:
            value = json.loads(text)
            written_again = json.dumps(value, ensure_ascii=False, allow_nan=False)
            refuse_unstorable(written_again)
        except (ValueError, RecursionError):
            return text
        return text if "\\u0000" in written_again else value
    return text


def _text(answered: Answered) -> str:
    charset = answered.charset if _CHARSET.fullmatch(answered.charset) else "utf-8"
    # No column keeps the character zero.
    return answered.body.decode(charset, errors="replace").replace("\x00", "\ufffd")


def _retry_after(answered: Answered, now: datetime) -> float | None:
    """Seconds, given as such or as a date."""
    told = answered.headers.get("retry-after", "").strip()
    if told.isdecimal() and len(told) < 10:
        return float(told)
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
