"""How large a GraphQL document may be, in every sense: tokens, depth, aliases, root fields, objects in the answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
)

DEFINITIONS = (OperationDefinitionNode, FragmentDefinitionNode)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for. `cost` bounds the objects in an answer, `seconds` the time of a query.

    A page counts `page_size` objects where it names no size and never more than `page_cap`, a relation to many
    `page_size`, since how many there are is not known before they are read.
    """

    tokens: int = 1_000
    depth: int = 10
    aliases: int = 15
    root_fields: int = 30
    cost: int = 10_000
    page_size: int = 20
    page_cap: int = 200
    seconds: float = 10.0


@dataclass(slots=True)
class Size:
    """Measures documents. Every fragment is measured once, however often it is spread: counting must not be the attack.

    Strawberry's own limiters walk a fragment anew for each spread, which is exponential in their number; they also
    make a new rule class per request, which no validation cache survives.
    """

    document: DocumentNode
    fragments: Mapping[str, FragmentDefinitionNode] = field(init=False)
    _depths: dict[str, int] = field(default_factory=dict)
    _aliases: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        listed = (node for node in self.document.definitions if isinstance(node, FragmentDefinitionNode))
        self.fragments = {node.name.value: node for node in listed}

    @property
    def operations(self) -> list[OperationDefinitionNode]:
        return [node for node in self.document.definitions if isinstance(node, OperationDefinitionNode)]

    def depth(self, selections: SelectionSetNode | None) -> int:
        """How many levels of fields there are, introspection aside: that has a rule of its own."""
        return max((self._field_depth(node) for node in _selections(selections)), default=0)

    def aliases(self, selections: SelectionSetNode | None) -> int:
        """How many aliases there are when all fragments are put where they are spread."""
        return sum(self._field_aliases(node) for node in _selections(selections))

    def root_fields(self, operation: OperationDefinitionNode) -> Iterator[FieldNode]:
        """The fields that an operation asks of its root, each fragment once."""
        waiting: list[SelectionNode] = [*reversed(_selections(operation.selection_set))]
        seen: set[str] = set()
        while waiting:
            node = waiting.pop()
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                waiting.extend(reversed(_selections(node.selection_set)))
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                waiting.extend(reversed(_selections(self.selections_of(node))))

    def selections_of(self, spread: FragmentSpreadNode) -> SelectionSetNode | None:
        found = self.fragments.get(spread.name.value)
        return found.selection_set if found else None

    def _field_depth(self, node: SelectionNode) -> int:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in self._depths:
                self._depths[name] = 0  # a fragment inside itself adds nothing; validation refuses it
                self._depths[name] = self.depth(self.selections_of(node))
            return self._depths[name]
        if isinstance(node, FieldNode):
            return 0 if node.name.value.startswith("__") else 1 + self.depth(node.selection_set)
        return self.depth(getattr(node, "selection_set", None))

    def _field_aliases(self, node: SelectionNode) -> int:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in self._aliases:
                self._aliases[name] = 0
                self._aliases[name] = self.aliases(self.selections_of(node))
            return self._aliases[name]
        own = 1 if isinstance(node, FieldNode) and node.alias else 0
        return own + self.aliases(getattr(node, "selection_set", None))


def size_rule(limits: Limits) -> type[ASTValidationRule]:
    """The validation rule of these limits. Made once per schema, so that validated documents can be kept."""

    class SizeRule(ASTValidationRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)

        def enter_document(self, node: DocumentNode, *_: Any) -> None:
            for message in complaints(node, limits):
                self.report_error(GraphQLError(message))

    return SizeRule


def complaints(document: DocumentNode, limits: Limits) -> Iterator[str]:
    """In which senses a document is too large."""
    size = Size(document)
    deepest = max((size.depth(operation.selection_set) for operation in size.operations), default=0)
    if deepest > limits.depth:
        yield f"The document is {deepest} levels deep, {limits.depth} are allowed."
    aliases = sum(size.aliases(operation.selection_set) for operation in size.operations)
    if aliases > limits.aliases:
        yield f"The document has {aliases} aliases, {limits.aliases} are allowed."
    most = max((len(list(size.root_fields(operation))) for operation in size.operations), default=0)
    if most > limits.root_fields:
        yield f"The document asks for {most} root fields, {limits.root_fields} are allowed."


def _selections(selections: SelectionSetNode | None) -> Sequence[SelectionNode]:
    return selections.selections if selections else ()
