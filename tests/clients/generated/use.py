"""Uses the client that `test_generated.py` has made, and prints what it saw as JSON. Arguments: address, password."""

import json
import sys

from bangpath_client import AuthenticatedClient, Client
from bangpath_client.api.auth import auth_sign_in
from bangpath_client.api.posts import (
    posts_create,
    posts_destroy_by_key,
    posts_get_by_key,
    posts_list,
    posts_update_by_key,
)
from bangpath_client.models import CategoryNested, PostCreate, PostUpdate, Refusal404, SignInBody

url, password = sys.argv[1:]
signed_in = auth_sign_in.sync(client=Client(url), body=SignInBody(account="root", password=password))
client = AuthenticatedClient(url, signed_in.data.token)

values = PostCreate(title="From a client", category=CategoryNested(title="Made on the way"))
created = posts_create.sync(client=client, body=values, trigger_workflows="post-created,category-created!category")
key = created.data.id
filter = json.dumps({"title": {"$includes": "CLIENT"}})
listed = posts_list.sync(client=client, filter_=filter, sort=["-createdAt", "id"], appends=["category"], page_size=5)
got = posts_get_by_key.sync(key, client=client)
updated = posts_update_by_key.sync(key, client=client, body=PostUpdate(status="published", content=None))
destroyed = posts_destroy_by_key.sync(key, client=client)
gone = posts_get_by_key.sync(key, client=client)
refused = posts_create.sync_detailed(client=client, body=values, trigger_workflows="nobody")

print(
    json.dumps(
        {
            "created": created.data.title,
            "year": created.data.created_at.year,
            "started": [[workflow.key, workflow.association] for workflow in created.meta.workflows],
            "listed": [[post.title, post.category.title] for post in listed.data],
            "count": listed.meta.count,
            "got": got.data.status,
            "updated": [post.status.upper() for post in updated.data],
            "destroyed": destroyed.data,
            "gone": isinstance(gone, Refusal404),
            "refused": [refused.status_code, [error.code.value for error in refused.parsed.errors]],
        }
    )
)
