"""The tables the service itself needs, as Tortoise models of the app `system`.

The first line of a docstring becomes the table's comment. Tortoise splits its migrations at semicolons: use none there.
"""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model


class Role(Model):
    """What its holders may do. `workflows` is a list of keys, or true for all."""

    name = fields.CharField(64, primary_key=True)
    title = fields.CharField(255, null=True)
    grants: dict[str, Any] = fields.JSONField(default=dict)
    workflows: list[str] | bool = fields.JSONField(default=list)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "roles"


class User(Model):
    """Somebody who may sign in."""

    id = fields.IntField(primary_key=True)
    username = fields.CharField(255, unique=True)
    email = fields.CharField(255, unique=True, null=True)
    nickname = fields.CharField(255, null=True)
    password_hash = fields.CharField(255)
    tokens_valid_from = fields.DatetimeField(null=True)
    suspended = fields.BooleanField(default=False, description="Whether nobody gets in as this user")
    default_role = fields.CharField(64)
    roles: fields.ManyToManyRelation[Role] = fields.ManyToManyField(
        "system.Role", through="users_roles", related_name="users", forward_key="role_name", backward_key="user_id"
    )
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "users"

    class Bangpath:
        secret = ("password_hash", "tokens_valid_from")


class RevokedToken(Model):
    """A token that was signed out before its time, kept until it would have expired."""

    jti = fields.CharField(64, primary_key=True)
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "revoked_tokens"


class SignInFailures(Model):
    """How many sign-ins have failed since then, of the account and peer that the key is a digest of."""

    key = fields.CharField(64, primary_key=True)
    since = fields.DatetimeField(db_index=True)
    count = fields.IntField()

    class Meta:
        table = "sign_in_failures"


class ApiKey(Model):
    """A key for programs, which ask as its user in its role and no other. What is kept is its hash."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(255)
    digest = fields.CharField(64, unique=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "system.User", related_name=False, on_delete=fields.CASCADE
    )
    user_id: int
    role_name = fields.CharField(64)
    expires_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "api_keys"


class WorkflowType(StrEnum):
    """What a workflow listens to."""

    ACTION = "action"
    COLLECTION = "collection"
    EXECUTION = "execution"


class Workflow(Model):
    """One version of a workflow, an immutable document once it has run.

    `enabled_key` and `current_key` repeat the key on at most one version each, so that the database and not a hope
    keeps one enabled and one current version per key. The current version is the enabled one, else the newest.
    """

    id = fields.IntField(primary_key=True)
    key = fields.CharField(64, db_index=True)
    version = fields.IntField()
    title = fields.CharField(255)
    type = fields.CharEnumField(WorkflowType, max_length=32)
    sync = fields.BooleanField(default=False)
    enabled = fields.BooleanField(default=False)
    current = fields.BooleanField(default=False)
    enabled_key = fields.CharField(64, unique=True, null=True)
    current_key = fields.CharField(64, unique=True, null=True)
    config: dict[str, Any] = fields.JSONField(default=dict)
    options: dict[str, Any] = fields.JSONField(default=dict)
    nodes: list[Any] = fields.JSONField(default=list)
    executed = fields.IntField(default=0, description="How many executions this version has had")
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "workflows"
        unique_together = (("key", "version"),)

    class Bangpath:
        secret = ("enabled_key", "current_key")


class Status(StrEnum):
    """Where an execution, or one of its jobs, stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERROR = "error"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"

    @property
    def terminal(self) -> bool:
        return self not in (Status.QUEUED, Status.RUNNING, Status.WAITING)


UNENDED = tuple(status for status in Status if not status.terminal)


class Execution(Model):
    """One run of one workflow version.

    `document` is its own copy of the workflow, so history outlives it. `once` keeps an event from starting a version
    twice for one record: event, workflow, association ('' for none) and record key.
    `lease` is the fencing token of the process that runs it, until `leased_until`.
    `chain` has the workflows of those that led to it, by key, the first one first, and `origin` is the event at its
    beginning, which all that came of it share.
    """

    answers_key_alone = True
    id = fields.BigIntField(primary_key=True)
    once = fields.CharField(512, unique=True)
    key = fields.CharField(64)
    workflow_id = fields.IntField(db_index=True)
    version = fields.IntField()
    document: dict[str, Any] = fields.JSONField()
    status = fields.CharEnumField(Status, max_length=16)
    sync = fields.BooleanField()
    manual = fields.BooleanField(default=False)
    collection = fields.CharField(255, null=True)
    record_key = fields.CharField(255, null=True)
    association = fields.CharField(255, null=True)
    context: dict[str, Any] = fields.JSONField(default=dict)
    user_id = fields.IntField(null=True)
    role_name = fields.CharField(64, null=True)
    request_id = fields.CharField(128, null=True)
    cause = fields.BigIntField(null=True, db_index=True)
    chain: list[str] = fields.JSONField(default=list)
    origin = fields.CharField(36, null=True, db_index=True)
    attempt = fields.IntField(default=0, description="How many processes have taken it up")
    output: Any = fields.JSONField(null=True)
    messages: list[str] = fields.JSONField(default=list)
    error = fields.TextField(null=True)
    lease = fields.CharField(36, null=True)
    leased_until = fields.DatetimeField(null=True)
    resume_at = fields.DatetimeField(null=True, description="When one that waits goes on")
    lane = fields.CharField(512, null=True, description="Of those that run one after the other, oldest first")
    slots = fields.IntField(null=True, description="How many of its workflow may run at once")
    created_at = fields.DatetimeField(auto_now_add=True)
    started_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    rerun_of = fields.BigIntField(null=True)

    jobs: fields.ReverseRelation["Job"]

    class Meta:
        table = "executions"
        # History is read from its end, by any of these: a page costs the same however much there is.
        indexes = (
            ("key", "id"),
            ("status", "id"),
            # What is looked at to take one: of which workflow, and since when.
            ("status", "key", "id"),
            ("status", "resume_at"),
            ("lane", "status", "id"),
            ("collection", "record_key", "id"),
            ("user_id", "id"),
            ("request_id", "id"),
            ("created_at",),
        )

    class Bangpath:
        secret = ("once", "document", "chain", "origin", "lease", "leased_until", "lane", "slots")


class Job(Model):
    """One node run of an execution. `path` places it in branches, and is unique within the execution."""

    id = fields.BigIntField(primary_key=True)
    execution: fields.ForeignKeyRelation[Execution] = fields.ForeignKeyField(
        "system.Execution", related_name="jobs", on_delete=fields.CASCADE
    )
    node_key = fields.CharField(64)
    path = fields.CharField(255)
    status = fields.CharEnumField(Status, max_length=16)
    input: Any = fields.JSONField(null=True)
    result: Any = fields.JSONField(null=True)
    error = fields.TextField(null=True)
    branch = fields.CharField(64, null=True, description="The branch it entered")
    round = fields.IntField(null=True, description="The round that a loop is in, or was in last")
    leave = fields.CharField(16, null=True, description="How it ended the round around it")
    stops = fields.BooleanField(default=False, description="Whether the run ended with it")
    attempt = fields.IntField(default=1)
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "jobs"
        unique_together = (("execution", "path"),)

    class Bangpath:
        secret = ("branch", "round", "leave", "stops")


class IdempotencyKey(Model):
    """What a write was answered, to answer it again when the same request comes again.

    `waits_for` are the executions without whose ends the answer is not whole.
    """

    id = fields.BigIntField(primary_key=True)
    scope = fields.CharField(64, description="Of user, role, route and the key of the caller")
    field = fields.CharField(64, default="", description="Which write of a GraphQL request it is")
    fingerprint = fields.CharField(64)
    answer = fields.TextField()
    waits_for: list[int] = fields.JSONField(default=list)
    created_at = fields.DatetimeField(auto_now_add=True, db_index=True)

    class Meta:
        table = "idempotency_keys"
        unique_together = (("scope", "field"),)


class Revision(Model):
    """When what processes remember has changed: a mark of each topic, another one after each change."""

    topic = fields.CharField(32, primary_key=True)
    mark = fields.CharField(32)

    class Meta:
        table = "revisions"


class Installation(Model):
    """The name that this database's service has among others, in one row. It was drawn when it was needed first."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(32)

    class Meta:
        table = "installation"


SERVED: tuple[type[Model], ...] = (User, Role, Workflow, Execution, Job)
"""The tables of ours that are collections too."""
