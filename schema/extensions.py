"""What is done to every GraphQL document around its execution, as Strawberry's extensions."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import cast

from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, parse
from graphql.validation import NoSchemaIntrospectionCustomRule
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import (
    AddValidationRules,
    MaskErrors,
    MaxTokensLimiter,
    ParserCache,
    SchemaExtension,
    ValidationCache,
)
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.schema import validate_document
from strawberry.types import ExecutionContext
from strawberry.types.graphql import OperationType

from engine.data.availability import refusal_of
from engine.errors import Code, Complaint, Refusal
from schema import audit
from schema.cost import Cost
from schema.limits import Limits, Size, size_rule
from schema.loaders import Request
from schema.needs import refusal_of as ungranted
from schema.permissions import signed_in

LONGEST_KEPT = 10_000
"""Longer documents are not cached: 128 of a megabyte would let anybody fill the memory."""

OPEN = {"signIn", "__typename"}
"""The root fields that need no token."""

SIGN_IN_TOKENS = 200
"""Tokens of a document that does no more than that: it is read before anybody is known."""

_ARGUMENTS: Mapping[str | int, str] = MappingProxyType({"filterByTk": "id"})
"""What REST's parameters are called as arguments."""

_CALLERS = (GraphQLError, MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)
"""The last three come this way from streams alone; `execute` raises them."""

_HOW_TO_SIGN_IN = (
    "This document is not valid. Without a token there is only the mutation "
    "signIn(account: String, username: String, email: String, password: String) { token user { id username nickname "
    "email roles { name title } defaultRole } }."
)


def extensions(limits: Limits, *, introspection: bool) -> list[Callable[[], SchemaExtension]]:
    """The extensions of a schema, outermost first. Their rules are made here, once: rules made per request would be new
    to the validation cache each time."""
    rules = [size_rule(limits), *([] if introspection else [NoSchemaIntrospectionCustomRule])]
    return [
        ShownErrors,
        lambda: MaxTokensLimiter(limits.tokens),
        lambda: AddValidationRules(rules),
        KeptDocuments,
        KeptValidations,
        OneOperation,
        lambda: CostLimiter(limits),
        SignedOut,
    ]


class KeptDocuments(ParserCache):
    """Parses a document once."""

    def on_parse(self) -> Iterator[None]:
        context = self.execution_context
        if len(context.query or "") <= LONGEST_KEPT:
            # Strawberry parses again what has an error, and expects it there: one raised here passes `ShownErrors`.
            with suppress(GraphQLError):
                context.graphql_document = self.cached_parse_document(context.query, **context.parse_options)
        yield


class KeptValidations(ValidationCache):
    """Validates a document once."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if len(context.query or "") <= LONGEST_KEPT:
            yield from super().on_validate()
            return
        assert context.graphql_document is not None, "what is validated was parsed"
        context.pre_execution_errors = validate_document(
            context.schema._schema, context.graphql_document, context.validation_rules
        )
        yield


class OneOperation(SchemaExtension):
    """Refuses to guess which of several operations is meant. Strawberry would run the first."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        assert context.graphql_document is not None, "what is validated was parsed"
        unsaid = context._provided_operation_name is None
        if unsaid and len(Size(context.graphql_document).operations) > 1 and not context.pre_execution_errors:
            message = "The document has several operations: say which to run with operationName."
            context.pre_execution_errors = [GraphQLError(message)]
        yield


class CostLimiter(SchemaExtension):
    """Refuses an operation that may answer too many objects. Not a rule: it depends on the variables."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if not context.pre_execution_errors:
            assert context.graphql_document is not None, "what is validated was parsed"
            cost = Cost(
                context.schema._schema,
                Size(context.graphql_document).fragments,
                chosen(context),
                context.variables or {},
                self._limits,
            ).total()
            if cost > self._limits.cost:
                message = (
                    f"The answer could have {cost} objects, {self._limits.cost} are allowed: ask for smaller pages."
                )
                context.pre_execution_errors = [GraphQLError(message)]
        yield


class SignedOut(SchemaExtension):
    """Refuses every root field but `signIn` to callers without a token, before anything of the schema is told them.

    Resolvers refuse them as well; what they do not see is introspection, and the errors of validation, which tell what
    there is.
    """

    def __init__(self) -> None:
        self._errors: list[GraphQLError] = []

    def on_validate(self) -> Iterator[None]:
        try:
            signed_in(request_of(self.execution_context).context.actor)
        except Refusal as refusal:
            self._refuse(refusal)
        yield

    def on_execute(self) -> Iterator[None]:
        if self._errors:
            self.execution_context.result = ExecutionResult(data=None, errors=self._errors)
        yield

    def _refuse(self, refusal: Refusal) -> None:
        context = self.execution_context
        assert context.graphql_document is not None, "what is validated was parsed"
        fields = list(Size(context.graphql_document).root_fields(chosen(context)))
        closed = [node for node in fields if node.name.value not in OPEN]
        if closed and (context.operation_type is not OperationType.MUTATION or context.pre_execution_errors):
            paths = [(node.alias or node.name).value for node in closed]
            self._errors = [
                GraphQLError("", nodes=[node], path=[path], original_error=refusal)
                for node, path in zip(closed, paths, strict=True)
            ]
            context.pre_execution_errors = []
        elif context.pre_execution_errors:
            context.pre_execution_errors = [GraphQLError(_HOW_TO_SIGN_IN)]


def signs_in(query: str) -> bool:
    """Whether a document asks for nothing that needs a token, whichever of its operations is run."""
    try:
        size = Size(parse(query, max_tokens=SIGN_IN_TOKENS))
    except GraphQLError:
        return False
    asked = [node.name.value for operation in size.operations for node in size.root_fields(operation)]
    return "signIn" in asked and OPEN.issuperset(asked)


class ShownErrors(MaskErrors):
    """Turns every error into what a caller may see: refusals with each of their complaints, nothing of all else."""

    def _process_errors(self, errors: list[GraphQLError]) -> list[GraphQLError]:
        context = request_of(self.execution_context).context
        refused = self._refused() if all(map(is_callers, errors)) else []
        shown = [each for error in refused or errors for each in show(error, context.request_id)]
        if self.execution_context.schema.config.disable_field_suggestions:
            shown = [_unsuggesting(each) for each in shown]
        # One line for each field that was refused, however much is wrong with what it was given.
        for place, error in {error.path[0] if error.path else None: error for error in reversed(shown)}.items():
            audit.refused(context, self._called(place), Code(cast("dict[str, str]", error.extensions)["code"]))
        return shown

    def _refused(self) -> list[GraphQLError]:
        """The root fields of an invalid document that need a grant the role lacks, as if they had begun.

        Who may not do a thing is told so, and not what is wrong with how they asked: what a role does not write is not
        in its inputs, so to whoever writes nothing every document that tries to would be a mistake.
        """
        asked = self.execution_context
        context = request_of(asked).context
        if context.actor is None or asked.graphql_document is None or not Size(asked.graphql_document).operations:
            return []
        operation = chosen(asked)
        root = asked.schema._schema.get_root_type(operation.operation)
        known = (
            node
            for node in Size(asked.graphql_document).root_fields(operation)
            if root and node.name.value in root.fields
        )
        return [
            GraphQLError("", nodes=[node], path=[(node.alias or node.name).value], original_error=refusal)
            for node in known
            if (refusal := ungranted(context.actor, node.name.value, context.engine.collections))
        ]

    def _called(self, place: object) -> str:
        """The root field that has this place in the answer, by its own name: an alias is anybody's invention."""
        context = self.execution_context
        size = Size(context.graphql_document) if context.graphql_document else None
        if size is None or not size.operations:
            return "graphql"
        operation = chosen(context)
        named = {(node.alias or node.name).value: node.name.value for node in size.root_fields(operation)}
        # What is wrong before anything runs has no place in an answer, so it is of all fields there are.
        return f"{operation.operation.value} {named.get(str(place)) or ' '.join(named.values())}"


def show(error: GraphQLError, request_id: str) -> list[GraphQLError]:
    """The errors a caller sees for one that happened."""
    cause = error.original_error
    if refusal := cause if isinstance(cause, Refusal) else refusal_of(cause):
        return [_shown(error, complaint.message, _extensions(complaint)) for complaint in refusal.complaints]
    if is_callers(error):
        return [_shown(error, error.message, {"code": Code.GRAPHQL_INVALID.value})]
    return [_shown(error, "Internal error", {"code": Code.INTERNAL.value, "requestId": request_id})]


def _unsuggesting(error: GraphQLError) -> GraphQLError:
    """The error without a name that graphql-core suggests. Strawberry takes away those of fields alone."""
    error.message = error.message.partition(" Did you mean ")[0] if _is_invalid(error) else error.message
    return error


def _is_invalid(error: GraphQLError) -> bool:
    return (error.extensions or {}).get("code") == Code.GRAPHQL_INVALID


def is_callers(error: GraphQLError) -> bool:
    """Whether the caller's document or variables are at fault: what happens while executing has a path."""
    return error.path is None and (error.original_error is None or isinstance(error.original_error, _CALLERS))


def request_of(context: ExecutionContext) -> Request:
    return cast("Request", context.context)


def chosen(context: ExecutionContext) -> OperationDefinitionNode:
    """The operation of the document that is to be run. Strawberry has checked that there is one."""
    assert context.graphql_document is not None, "what is validated was parsed"
    operations = Size(context.graphql_document).operations
    named = (node for node in operations if node.name and node.name.value == context.operation_name)
    return next(named, operations[0])


def _extensions(complaint: Complaint) -> dict[str, object]:
    # The path leads into what the caller sent, and a key is sent by another name here.
    path = [_ARGUMENTS.get(step, step) if place == 0 else step for place, step in enumerate(complaint.path)]
    members = {"code": complaint.code.value, "path": path, "details": dict(complaint.details)}
    return {name: value for name, value in members.items() if value}


def _shown(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    return GraphQLError(message, error.nodes, error.source, error.positions, error.path, extensions=extensions)
