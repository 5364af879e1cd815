"""Query text → the parameters of an action, and everything that is wrong with them; pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from api.body import parse_json
from api.nesting import NestingError, unnest
from engine.actions import Selection, Values, WorkflowRef
from engine.data.filters import did_you_mean
from engine.errors import Code, Complaint, Refusal, refuse
from engine.workflow.references import parse_references

LONGEST = 16 * 1024
PAGE_SIZE = 20

EVERYTHING = Selection()

_POSITIVE = re.compile(r"0*[1-9][0-9]{0,8}")
_HUGE = re.compile(r"[1-9][0-9]{9,99}")

# Without them an action would reach records that nobody asked for, or be told to need what was given.
_WHICH = ("filter", "filterByTk")


class Params(Struct, frozen=True):
    """What the query of a request said. `keys` also has the one of the path; `every` is the parameter `all`.

    The lists of names that say which values are taken and how are as in `engine.actions.WriteValues`.
    """

    filter: Values | None = None
    keys: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    page: int = 1
    page_size: int = PAGE_SIZE
    paginate: bool = True
    selection: Selection = EVERYTHING
    workflows: tuple[WorkflowRef, ...] = ()
    whitelist: tuple[str, ...] | None = None
    blacklist: tuple[str, ...] = ()
    update_associations: tuple[str, ...] = ()
    filter_keys: tuple[str, ...] = ()
    dry_run: bool = False
    every: bool = False
    complaints: tuple[Complaint, ...] = ()


def parse_params(query: bytes, action: str, allowed: Iterable[str], page_limit: int, key: str | None = None) -> Params:
    """The parameters of an action such as `posts:list`, which takes those `allowed`; `key` is the one in the path.

    Complaints are listed, to be told with all others, as long as it is clear which records are meant. Raises a
    refusal where that, or the query as a whole, cannot be read.

    >>> found = parse_params(b"filter[title]=x&sort=-id,title&pageSize=500", "posts:list", LIST, page_limit=200)
    >>> found.filter, found.sort, found.page_size
    ({'title': 'x'}, ('-id', 'title'), 200)
    >>> parse_params(b"pagesize=5", "posts:list", LIST, page_limit=200).complaints[0].message
    "'pagesize' is not a parameter of posts:list. Did you mean 'pageSize'?"
    """
    read: dict[str, Any] = {}
    complaints: list[Complaint] = []
    for name, value in _split(query).items():
        if name not in allowed:
            complaints.append(_not_allowed(name, action, allowed))
            continue
        try:
            read[name] = _READERS[name](name, value)
        except Refusal as refusal:
            complaints += refusal.complaints
    if any(complaint.path[0] in _WHICH and complaint.path[0] in allowed for complaint in complaints):
        raise Refusal(complaints)
    keys, misplaced = _keys(read.get("filterByTk", ()), key, action, allowed)
    paginate = read.get("paginate", True)
    return Params(
        filter=read.get("filter"),
        keys=keys,
        sort=read.get("sort", ()),
        page=read.get("page", 1),
        page_size=min(read.get("pageSize", PAGE_SIZE if paginate else page_limit), page_limit),
        paginate=paginate,
        selection=Selection(read.get("fields") or None, read.get("except", ()), read.get("appends", ())),
        workflows=read.get("triggerWorkflows", ()),
        whitelist=read.get("whitelist") or None,
        blacklist=read.get("blacklist", ()),
        update_associations=read.get("updateAssociationValues", ()),
        filter_keys=read.get("filterKeys", ()),
        dry_run=read.get("dryRun", False),
        every=read.get("all", False),
        complaints=(*complaints, *misplaced),
    )


def _split(query: bytes) -> dict[str, Any]:
    if len(query) > LONGEST:
        raise refuse(Code.BAD_VALUE, f"A query string may have {LONGEST} bytes.", limit=LONGEST)
    try:
        return unnest(query)
    except NestingError as fault:
        raise refuse(Code.BAD_VALUE, f"The query string {fault}") from None


def _not_allowed(name: str, action: str, allowed: Iterable[str]) -> Complaint:
    if name == "triggerWorkflows":
        return Complaint(Code.TRIGGER_ACTION, f"{action} writes no records, so no workflow can follow it.", (name,))
    hint = did_you_mean(name, allowed)
    return Complaint(Code.UNKNOWN_PARAMETER, f"'{name}' is not a parameter of {action}.{hint}", (name,))


def _keys(
    given: tuple[str, ...], in_path: str | None, action: str, allowed: Iterable[str]
) -> tuple[tuple[str, ...], list[Complaint]]:
    if in_path is None:
        return given, []
    if "filterByTk" not in allowed:
        return (), [Complaint(Code.BAD_KEY, f"{action} takes no key.", ("filterByTk",))]
    if given not in ((), (in_path,)):
        message = "The path and 'filterByTk' name different keys: give one of them."
        return (in_path,), [Complaint(Code.BAD_KEY, message, ("filterByTk",))]
    return (in_path,), []


def _read_filter(name: str, value: Any) -> Values:
    if isinstance(value, str):
        try:
            value = parse_json(value.encode())
        except Refusal as refusal:
            raise refuse(Code.BAD_FILTER, refusal.complaints[0].message, name) from None
    if not isinstance(value, dict):
        raise refuse(Code.BAD_FILTER, "A filter is an object of field names and conditions.", name)
    return value


def _read_keys(name: str, value: Any) -> tuple[str, ...]:
    keys = value if isinstance(value, list) else [value]
    if not all(isinstance(key, str) and key for key in keys):
        raise refuse(Code.BAD_KEY, "'filterByTk' is a key, or several as filterByTk[]=1&filterByTk[]=2.", name)
    return tuple(dict.fromkeys(keys))


def _read_names(name: str, value: Any) -> tuple[str, ...]:
    """`a,b` and `[]=a&[]=b`; without `=` there are none."""
    texts = [value or ""] if value is None or isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise refuse(Code.BAD_VALUE, f"'{name}' is a list of names: {name}=a,b or {name}[]=a&{name}[]=b.", name)
    return tuple(item.strip() for text in texts for item in text.split(",") if item.strip())


def _read_page(name: str, value: Any) -> int:
    if not isinstance(value, str) or not _POSITIVE.fullmatch(value):
        raise refuse(Code.BAD_PAGE, f"'{name}' is a number from 1 on.", name)
    return int(value)


def _read_page_size(name: str, value: Any) -> int:
    # One that no page can have is cut like any other that is too large.
    return _read_page(name, "999999999" if isinstance(value, str) and _HUGE.fullmatch(value) else value)


def _read_boolean(name: str, value: Any) -> bool:
    if value not in ("true", "false"):
        raise refuse(Code.BAD_VALUE, f"'{name}' is true or false.", name)
    return bool(value == "true")


def _read_references(name: str, value: Any) -> tuple[WorkflowRef, ...]:
    """Also what is not text is a reference, a faulty one: the check of references tells it in its order."""
    if value is None or isinstance(value, str):
        return parse_references(value or "")
    return (WorkflowRef(f"{name}[]", fault="it is one text of keys with commas between them, no list or object"),)


_READERS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "filter": _read_filter,
        "filterByTk": _read_keys,
        "sort": _read_names,
        "page": _read_page,
        "pageSize": _read_page_size,
        "paginate": _read_boolean,
        "fields": _read_names,
        "except": _read_names,
        "appends": _read_names,
        "triggerWorkflows": _read_references,
        "whitelist": _read_names,
        "blacklist": _read_names,
        "updateAssociationValues": _read_names,
        "filterKeys": _read_names,
        "dryRun": _read_boolean,
        "all": _read_boolean,
    }
)

_SELECTION = ("fields", "except", "appends")
_VALUES = ("whitelist", "blacklist", "updateAssociationValues", "triggerWorkflows", "dryRun", *_SELECTION)
LIST = ("filter", "sort", "page", "pageSize", "paginate", *_SELECTION)
COUNT = ("filter",)
GET = ("filterByTk", "filter", *_SELECTION)
CREATE = _VALUES
UPDATE = ("filterByTk", "filter", *_VALUES)
FIND_OR_CREATE = ("filterKeys", *_VALUES)
DESTROY = ("filterByTk", "filter", "triggerWorkflows", "dryRun")
LINK = ("filterByTk", "dryRun")
"""The parameters of the actions on records."""
