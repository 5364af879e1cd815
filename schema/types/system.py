"""The types of what the service itself has: identity, workflows, and the description of collections."""

import strawberry
from strawberry import UNSET

from schema.types.enums import WorkflowType
from schema.types.scalars import JSON, DateTime


@strawberry.type(description="A role somebody holds.")
class HeldRole:
    name: strawberry.ID
    title: str | None


@strawberry.type(description="Who the token says is asking.")
class Me:
    id: strawberry.ID
    username: str
    nickname: str | None
    email: str | None
    roles: list[HeldRole]
    defaultRole: str  # as in the resolver's answer, which is read by attribute names


@strawberry.type(description="A token, and whose it is.")
class SignedIn:
    token: str
    user: Me


@strawberry.type(description="A token in exchange for another one, which has ended.")
class NewToken:
    token: str


@strawberry.type(description="The role somebody asks in, with what it may do.")
class CheckedRole:
    name: strawberry.ID
    title: str | None
    grants: JSON
    workflows: JSON = strawberry.field(description="The keys of the workflows it may trigger, or true for all.")


@strawberry.type(description="A key for a program: of one user, in one role.")
class ApiKey:
    id: strawberry.ID
    name: str
    role: strawberry.ID
    userId: strawberry.ID
    expiresAt: DateTime | None
    lastUsedAt: DateTime | None = strawberry.field(description="To the minute.")
    createdAt: DateTime


@strawberry.type(description="A page of keys.")
class ApiKeyPage:
    items: list[ApiKey]
    count: int
    page: int
    page_size: int = strawberry.field(name="pageSize")
    total_page: int = strawberry.field(name="totalPage")


@strawberry.type(description="A key that was made.")
class ApiKeyPayload:
    # Can be null, so that who asks for more of it than they may read does not lose the token, which is told this once.
    record: ApiKey | None = strawberry.field(description="What may be known of it: who may not read keys, its id.")
    token: str | None = strawberry.field(description="The key. It is told this once, and null when asked again.")


@strawberry.input(description="A new key.")
class ApiKeyCreateInput:
    name: str | None = UNSET
    role: str | None = strawberry.field(default=UNSET, description="One of your roles; else the one you ask in.")
    expires_in: str | None = strawberry.field(
        name="expiresIn", default=UNSET, description="`never`, or a span such as `12h`, `30d` and `1y`."
    )


@strawberry.type(description="A column of a collection.")
class FieldInfo:
    name: str
    type: str = strawberry.field(description="What it holds: string, integer, datetime, …")
    null: bool
    required: bool = strawberry.field(description="Whether a new record cannot do without.")
    writable: bool
    key: bool
    choices: list[str] | None = strawberry.field(description="The values it can have, where these are few.")


@strawberry.type(description="A relation of a collection.")
class RelationInfo:
    name: str
    kind: str = strawberry.field(description="oneToOne, manyToOne, oneToMany or manyToMany.")
    target: str = strawberry.field(description="The collection it leads to.")


@strawberry.type(description="A collection as it is served.")
class CollectionInfo:
    name: str
    key: str = strawberry.field(description="The name of the column that is the key.")
    fields: list[FieldInfo]
    relations: list[RelationInfo]
    associations: list[str] = strawberry.field(description="The association paths a trigger may cross.")


@strawberry.input(description="A new user.")
class UserCreateInput:
    username: str | None = UNSET
    password: str | None = UNSET
    email: str | None = UNSET
    nickname: str | None = UNSET
    roles: list[str] | None = strawberry.field(default=UNSET, description="The names of the roles held, at least one.")
    default_role: str | None = strawberry.field(
        name="defaultRole",
        default=UNSET,
        description="The role of requests without X-Role; else the first of the roles.",
    )
    suspended: bool | None = strawberry.field(default=UNSET, description="Whether nobody gets in as this user.")


@strawberry.input(description="New values for a user.")
class UserUpdateInput:
    username: str | None = UNSET
    password: str | None = strawberry.field(default=UNSET, description="A new one ends all of the user's tokens.")
    email: str | None = UNSET
    nickname: str | None = UNSET
    roles: list[str] | None = UNSET
    default_role: str | None = strawberry.field(name="defaultRole", default=UNSET)
    suspended: bool | None = strawberry.field(
        default=UNSET, description="Whether nobody gets in as this user; their tokens end."
    )


@strawberry.input(description="A new role.")
class RoleCreateInput:
    name: str | None = UNSET
    title: str | None = UNSET
    grants: JSON | None = strawberry.field(
        default=UNSET, description='What may be done with which collection: `{"posts": {"read": {}}}`.'
    )
    workflows: JSON | None = strawberry.field(
        default=UNSET, description="The keys of the workflows that may be triggered, or true for all."
    )


@strawberry.input(description="New values for a role.")
class RoleUpdateInput:
    title: str | None = UNSET
    grants: JSON | None = UNSET
    workflows: JSON | None = UNSET


@strawberry.input(description="A new workflow.")
class WorkflowCreateInput:
    key: str | None = strawberry.field(default=UNSET, description="Made when absent; never changes.")
    title: str | None = UNSET
    type: WorkflowType | None = UNSET
    sync: bool | None = strawberry.field(default=UNSET, description="Whether the write waits for it.")
    enabled: bool | None = UNSET
    config: JSON | None = strawberry.field(
        default=UNSET, description="When it runs: `{collection, global, actions, appends, condition, changed}`."
    )
    options: JSON | None = UNSET
    nodes: JSON | None = strawberry.field(
        default=UNSET, description="What it does: a list of nodes `{key, type, config, branches}`."
    )


@strawberry.input(description="New values for a version; its document changes only while it has not run.")
class WorkflowUpdateInput:
    title: str | None = UNSET
    enabled: bool | None = strawberry.field(
        default=UNSET, description="At most one version per key is enabled: enabling one disables the others."
    )
    config: JSON | None = UNSET
    options: JSON | None = UNSET
    nodes: JSON | None = UNSET


STATIC = frozenset(
    {
        *("ID", "Int", "Float", "String", "Boolean"),
        *("BigInt", "Decimal", "DateTime", "Date", "Time", "DatePeriod", "UUID", "JSON"),
        *("Query", "Mutation", "Subscription"),
        *("Me", "HeldRole", "SignedIn", "NewToken", "CheckedRole", "CollectionInfo", "FieldInfo", "RelationInfo"),
        *("UserCreateInput", "UserUpdateInput", "RoleCreateInput", "RoleUpdateInput"),
        *("WorkflowCreateInput", "WorkflowUpdateInput", "WorkflowType", "ExecutionStatus"),
        *("WorkflowTriggerInput", "TriggeredWorkflow", "TriggeredStatus", "SkippedTrigger", "SkipReason", "Message"),
        *("ApiKey", "ApiKeyPage", "ApiKeyPayload", "ApiKeyCreateInput"),
        *("DestroyPayload", "CountPayload", "LinkPayload", "RequestHistory", "CausedExecution", "WrittenRecord"),
        *("RerunPayload", "RerunVersion"),
    }
)
"""The names of types that no model can have."""
