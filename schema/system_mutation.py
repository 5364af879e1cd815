"""The mutations of what the service itself has: signing in and out, users, roles and workflows."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import strawberry
from strawberry import UNSET, Info

from schema.loaders import Request
from schema.resolvers import api_keys, roles, sign_in, users, workflows
from schema.types.collections import CollectionTypes
from schema.types.declare import Member, given, plain
from schema.types.payloads import CountPayload
from schema.types.scalars import JSON
from schema.types.system import (
    ApiKeyCreateInput,
    ApiKeyPayload,
    NewToken,
    RoleCreateInput,
    RoleUpdateInput,
    SignedIn,
    UserCreateInput,
    UserUpdateInput,
    WorkflowCreateInput,
    WorkflowUpdateInput,
)

Asked = Info[Request, None]


def system_mutations(types: Iterable[CollectionTypes]) -> Iterator[Member]:
    """The fields of `Mutation` for the system's own collections, and for signing in and out."""
    payloads = {made.collection.name: made.payload | None for made in types}
    count = CountPayload | None
    yield Member("signIn", SignedIn | None, "A token, for whoever knows the password.", resolver=_sign_in)
    yield Member("signOut", bool | None, "The end of the token that was shown.", resolver=_sign_out)
    yield Member("refreshToken", NewToken | None, "A new token; the one shown ends.", resolver=_refresh)
    yield Member("changePassword", NewToken | None, "A new password; all tokens so far end.", resolver=_change_password)
    yield Member("createApiKey", ApiKeyPayload | None, "A new key for a program.", resolver=_create_key)
    yield Member("destroyApiKey", count, "The end of a key.", resolver=_destroy_key)
    yield Member("createUser", payloads["users"], "A new user.", resolver=_create_user)
    yield Member("updateUser", payloads["users"], "New values for a user.", resolver=_update_user)
    yield Member("destroyUser", count, "The end of a user, and of their tokens.", resolver=_destroy_user)
    yield Member("createRole", payloads["roles"], "A new role.", resolver=_create_role)
    yield Member("updateRole", payloads["roles"], "New values for a role.", resolver=_update_role)
    yield Member("destroyRole", count, "The end of a role nobody holds.", resolver=_destroy_role)
    yield Member("createWorkflow", payloads["workflows"], "A new workflow.", resolver=_create_workflow)
    yield Member("updateWorkflow", payloads["workflows"], "New values for a version.", resolver=_update_workflow)
    yield Member("reviseWorkflow", payloads["workflows"], "A disabled copy, as the next version.", resolver=_revise)
    yield Member("executeWorkflow", payloads["executions"], "Run it now, by hand.", resolver=_execute)
    yield Member("destroyWorkflow", count, "The end of a version, or of a whole key.", resolver=_destroy_workflow)


async def _sign_in(
    info: Asked,
    account: Annotated[str | None, strawberry.argument(description="A username or an email.")] = UNSET,
    username: str | None = UNSET,
    email: str | None = UNSET,
    password: str | None = UNSET,
) -> Any:
    said = given({"account": account, "username": username, "email": email, "password": password})
    return await info.context.write(sign_in.sign_in(info.context.context, **said))


async def _sign_out(info: Asked) -> Any:
    await info.context.write(sign_in.sign_out(info.context.context))
    return True


async def _refresh(info: Asked) -> Any:
    return await info.context.write(sign_in.refresh(info.context.context))


async def _change_password(info: Asked, old_password: str | None = UNSET, new_password: str | None = UNSET) -> Any:
    said = given({"old": old_password, "new": new_password})
    changed = sign_in.change_password(info.context.context, said.get("old"), said.get("new"))
    return await info.context.write(changed)


async def _create_key(info: Asked, values: ApiKeyCreateInput) -> Any:
    made = await info.context.write(api_keys.create_key(info.context.context, plain(values)))
    return {"record": made, "token": made["token"]}


async def _destroy_key(info: Asked, id: strawberry.ID) -> Any:
    return {"count": await info.context.write(api_keys.destroy_key(info.context.context, id))}


async def _create_user(info: Asked, values: UserCreateInput) -> Any:
    return {"record": await info.context.write(users.create_user(info.context.context, plain(values)))}


async def _update_user(info: Asked, id: strawberry.ID, values: UserUpdateInput) -> Any:
    return {"record": await info.context.write(users.update_user(info.context.context, id, plain(values)))}


async def _destroy_user(info: Asked, id: strawberry.ID) -> Any:
    return {"count": await info.context.write(users.destroy_user(info.context.context, id))}


async def _create_role(info: Asked, values: RoleCreateInput) -> Any:
    return {"record": await info.context.write(roles.create_role(info.context.context, plain(values)))}


async def _update_role(info: Asked, id: strawberry.ID, values: RoleUpdateInput) -> Any:
    return {"record": await info.context.write(roles.update_role(info.context.context, id, plain(values)))}


async def _destroy_role(info: Asked, id: strawberry.ID) -> Any:
    return {"count": await info.context.write(roles.destroy_role(info.context.context, id))}


async def _create_workflow(info: Asked, values: WorkflowCreateInput) -> Any:
    return {"record": await info.context.write(workflows.create(info.context.context, plain(values)))}


async def _update_workflow(info: Asked, id: strawberry.ID, values: WorkflowUpdateInput) -> Any:
    return {"record": await info.context.write(workflows.update(info.context.context, id, plain(values)))}


async def _revise(info: Asked, id: strawberry.ID) -> Any:
    return {"record": await info.context.write(workflows.revise(info.context.context, id))}


async def _execute(
    info: Asked,
    id: strawberry.ID,
    data: Annotated[JSON | None, strawberry.argument(description="A record's key, or an object.")] = UNSET,
) -> Any:
    handed = None if data is UNSET else data
    return {"record": await info.context.write(workflows.execute(info.context.context, id, handed))}


async def _destroy_workflow(
    info: Asked,
    id: strawberry.ID,
    all: Annotated[bool | None, strawberry.argument(description="All versions, with their history.")] = UNSET,
) -> Any:
    every = all is True
    return {"count": await info.context.write(workflows.destroy(info.context.context, id, every))}
