"""The names of the schema: made from models and tables, valid in GraphQL, and each given once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.data.collections import Collection
from engine.errors import StartError

_VALID = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class RootNames:
    """What a collection is called in queries and mutations: `post`, `posts`, `Post`, `Posts`."""

    singular: str
    plural: str

    @property
    def one(self) -> str:
        return _upper(self.singular)

    @property
    def many(self) -> str:
        return _upper(self.plural)


@dataclass(slots=True)
class TypeNames:
    """The names of types that are taken, each with who took it."""

    taken: dict[str, str] = field(default_factory=dict)

    def claim(self, name: str, owner: str) -> str:
        """The name, for this owner alone."""
        check_name(name, owner)
        if (other := self.taken.setdefault(name, owner)) != owner:
            raise StartError(f"GraphQL's type '{name}' would be of {owner} and of {other}: rename a model.")
        return name

    def claim_first(self, names: Iterable[str], owner: str) -> str:
        """The first of the names that is free."""
        *wanted, last = names
        free = next((name for name in wanted if name not in self.taken), last)
        return self.claim(free, owner)


def root_names(collection: Collection) -> RootNames:
    """Singular from the class, plural from the table; the plural gets `List` where both are the same."""
    singular = _lower(collection.type_name)
    plural = camel_case(collection.name)
    return RootNames(singular, f"{plural}List" if plural == singular else plural)


def camel_case(table: str) -> str:
    """The name of a table in GraphQL.

    >>> camel_case("blog_posts"), camel_case("Posts"), camel_case("my-table")
    ('blogPosts', 'posts', 'myTable')
    """
    first, *others = [part for part in re.split(r"[^0-9A-Za-z]+", table) if part] or [""]
    return _lower(first) + "".join(map(_upper, others))


def check_name(name: str, owner: str) -> None:
    """Raise `StartError` for a name that GraphQL does not allow."""
    if not is_name(name):
        raise StartError(f"'{name}' of {owner} is not a name in GraphQL (letters, digits, '_'): rename it.")


def is_name(name: str) -> bool:
    """Whether GraphQL allows the name. Two underlines in front are its own."""
    return _VALID.fullmatch(name) is not None


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]
