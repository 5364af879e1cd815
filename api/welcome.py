"""The text that a started service shows: where it is, who may sign in, and what to try it with."""

import json
from dataclasses import dataclass

from api.version import VERSION

POST = {"title": "Hello, world!", "content": "This is a test post."}
WORKFLOW = "post-created"
MUTATION = (
    'mutation { createPost(values: {title: "Hello, world!", content: "This is a test post."}, '
    f'triggerWorkflows: [{{key: "{WORKFLOW}"}}]) '
    "{ record { id title } workflows { key executionId status } } }"
)
OWN_TOKEN = (
    "To try it, after TOKEN=$(bangpath token), or TOKEN=$(make -s token), with the variables that this start was given:"
)


@dataclass(frozen=True, slots=True)
class Started:
    """A service that answers. `password` is what to say of root's.

    `token` is for the sample application alone: where it is more than a trial, what a start prints is kept by somebody,
    a journal or the log of a container, and whoever reads that would be root. There it is None.
    """

    url: str
    process: int
    password: str
    token: str | None
    graphiql: bool


def password_line(generated: str | None, given: bool) -> str:
    """What is known of root's password: the generated one is shown on the first start, and never again."""
    if generated:
        return f"{generated}  (shown this once)"
    return "as you set it in BANGPATH_ROOT_PASSWORD" if given else "kept; `make password` replaces it"


def welcome(started: Started) -> str:
    """The whole text, its commands to be pasted into a shell as they are."""
    page = [f"  GraphiQL  {started.url}/graphql  in a browser"] if started.graphiql else []
    lines = [
        f"Bangpath {VERSION}, process {started.process}",
        "",
        f"  REST      {started.url}/api",
        f"  GraphQL   {started.url}/graphql",
        *page,
        "  User      root",
        f"  Password  {started.password}",
        "",
        "To try it, with a token of root's that lasts 24 hours:" if started.token else OWN_TOKEN,
        "",
    ]
    return "\n".join(lines) + "\n" + "\n\n".join(_commands(started))


def _commands(started: Started) -> list[str]:
    executions = f"'{started.url}/api/executions:list?sort=-createdAt&pageSize=5'"
    if not started.token:
        return [f'curl -H "Authorization: Bearer $TOKEN" {executions}']
    authorization = f"-H 'Authorization: Bearer {started.token}'"
    by_rest = (
        f"curl -X POST {authorization} -H 'X-Role: root' -d '{json.dumps(POST, separators=(',', ':'))}' "
        f"'{started.url}/api/posts:create?triggerWorkflows={WORKFLOW}'"
    )
    by_graphql = (
        f"curl -X POST {authorization} -H 'Content-Type: application/json' "
        f"-d '{json.dumps({'query': MUTATION}, separators=(',', ':'))}' '{started.url}/graphql'"
    )
    return [by_rest, by_graphql, f"curl {authorization} {executions}"]
