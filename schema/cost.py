"""How many objects an answer may have: the product of page sizes along each path, summed over all paths."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

from schema.limits import Limits

PAGE_SIZE = "pageSize"


@dataclass(slots=True)
class Cost:
    """Counts the objects that a valid operation may answer, at worst. `variables` are those of the request.

    The cost of a fragment does not depend on where it is spread, but on the page it is spread in: it is counted once
    for each size.
    """

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    operation: OperationDefinitionNode
    variables: Mapping[str, Any]
    limits: Limits
    _counted: dict[tuple[str, int], int] = field(default_factory=dict)

    def total(self) -> int:
        root = self.schema.get_root_type(self.operation.operation)
        return self._objects(root, self.operation.selection_set, 1) if root else 0

    def _objects(self, parent: GraphQLObjectType, selections: SelectionSetNode | None, page: int) -> int:
        """The objects below one object; `page` is how many items it has, should it be a page."""
        counted = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                counted += self._field(parent, node, page)
            elif isinstance(node, FragmentSpreadNode):
                counted += self._fragment(parent, node.name.value, page)
            else:
                counted += self._objects(parent, getattr(node, "selection_set", None), page)
        return counted

    def _field(self, parent: GraphQLObjectType, node: FieldNode, page: int) -> int:
        definition = parent.fields.get(node.name.value)
        if definition is None or node.selection_set is None:
            return 0
        made = get_named_type(definition.type)
        if not isinstance(made, GraphQLObjectType):  # this schema has no interfaces and no unions
            return 0
        below = self._objects(made, node.selection_set, self._page_size(definition, node))
        return (page if _is_list(definition.type) else 1) * (1 + below)

    def _fragment(self, parent: GraphQLObjectType, name: str, page: int) -> int:
        if (name, page) not in self._counted:
            fragment = self.fragments[name]
            self._counted[name, page] = self._objects(parent, fragment.selection_set, page)
        return self._counted[name, page]

    def _page_size(self, definition: GraphQLField, node: FieldNode) -> int:
        """How many objects a list right below this field has."""
        if PAGE_SIZE not in definition.args:
            return self.limits.page_size
        arguments = node.arguments or ()
        given = next((argument.value for argument in arguments if argument.name.value == PAGE_SIZE), None)
        if isinstance(given, IntValueNode):
            return self._capped(int(given.value))
        if isinstance(given, VariableNode):
            return self._variable(given.name.value)
        return self.limits.page_size

    def _variable(self, name: str) -> int:
        if name in self.variables:
            value = self.variables[name]
            # What is no integer is refused or made one later on: until then it is the worst it can be.
            return self._capped(value if isinstance(value, int) else self.limits.page_cap)
        defined = self.operation.variable_definitions or ()
        default = next((item.default_value for item in defined if item.variable.name.value == name), None)
        return self._capped(int(default.value)) if isinstance(default, IntValueNode) else self.limits.page_size

    def _capped(self, size: int) -> int:
        return max(0, min(size, self.limits.page_cap))


def _is_list(made: GraphQLOutputType) -> bool:
    return is_list_type(made.of_type) if is_non_null_type(made) else is_list_type(made)
