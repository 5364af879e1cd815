"""What a new database of the sample application holds: a few rows to read, three workflows to fire."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from engine.system.models import User
from engine.workflow.versions import Versions
from schema.sample.models import Banner, Category, Comment, Post, Tag

WORKFLOWS: tuple[Mapping[str, Any], ...] = (
    MappingProxyType(
        {
            "key": "post-created",
            "title": "Take a note of a post that somebody hands over",
            "type": "action",
            "enabled": True,
            "config": {"collection": "posts"},
            "nodes": [
                {
                    "key": "note",
                    "type": "create",
                    "config": {
                        "collection": "notes",
                        "values": {"text": "{{$context.user.username}} wrote '{{$context.data.title}}'"},
                    },
                }
            ],
        }
    ),
    MappingProxyType(
        {
            "key": "category-created",
            "title": "Take a note of a category that somebody hands over",
            "type": "action",
            "enabled": True,
            "config": {"collection": "categories", "appends": ["banner"]},
            "nodes": [
                {
                    "key": "note",
                    "type": "create",
                    "config": {"collection": "notes", "values": {"text": "New category '{{$context.data.title}}'"}},
                }
            ],
        }
    ),
    MappingProxyType(
        {
            "key": "post-audit",
            "title": "Take a note of everything that happens to posts",
            "type": "action",
            "enabled": True,
            "config": {"collection": "posts", "global": True, "actions": ["create", "update", "destroy"]},
            "nodes": [
                {
                    "key": "note",
                    "type": "create",
                    "config": {
                        "collection": "notes",
                        "values": {"text": "{{$context.action}} of post {{$context.data.id}} by {{$context.roleName}}"},
                    },
                }
            ],
        }
    ),
)


async def load_sample(versions: Versions, author: User) -> None:
    """Fill a new database; to be called inside a unit of work. Nothing of it fires a workflow."""
    for document in WORKFLOWS:
        await versions.create(document)
    news, python = [await Tag.create(name=name) for name in ("news", "python")]
    banner = await Banner.create(url="/banners/bang.png")
    category = await Category.create(title="Announcements", banner=banner)
    first = await Post.create(
        title="A write that fires a workflow",
        content="Name a workflow in the write, and the related record to hand it.",
        status="published",
        category=category,
        author=author,
    )
    second = await Post.create(title="A post without a category", author=author)
    await first.tags.add(news, python)
    await second.tags.add(python)
    await Comment.create(content="Nothing is lost when the plug is pulled?", post=first)
