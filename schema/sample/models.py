"""The sample application: posts and what hangs on them, one relation of every kind."""

from tortoise import fields
from tortoise.models import Model

from engine.system.models import User


class Banner(Model):
    """A picture over a category."""

    id = fields.IntField(primary_key=True)
    url = fields.CharField(2048, null=True, description="Where the picture is")

    category: fields.ReverseRelation["Category"]

    class Meta:
        table = "banners"


class Category(Model):
    """What a post is about."""

    id = fields.IntField(primary_key=True)
    title = fields.CharField(255)
    banner: fields.OneToOneNullableRelation[Banner] = fields.OneToOneField(
        "app.Banner", related_name="category", null=True, on_delete=fields.SET_NULL
    )

    class Meta:
        table = "categories"


class Tag(Model):
    """A word to find posts by."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(255)

    class Meta:
        table = "tags"


class Post(Model):
    """Something somebody wrote."""

    id = fields.IntField(primary_key=True)
    title = fields.CharField(255, description="What the reader sees first")
    content = fields.TextField(null=True)
    status = fields.CharField(32, default="draft")
    read_count = fields.IntField(default=0, description="How often it was read")
    secret_note = fields.CharField(255, null=True, description="For the editors' eyes")
    category: fields.OneToOneNullableRelation[Category] = fields.OneToOneField(
        "app.Category", related_name="post", null=True, on_delete=fields.SET_NULL
    )
    author: fields.ForeignKeyNullableRelation[User] = fields.ForeignKeyField(
        "system.User", related_name="posts", null=True, on_delete=fields.SET_NULL
    )
    tags: fields.ManyToManyRelation[Tag] = fields.ManyToManyField(
        "app.Tag", through="posts_tags", related_name="posts", forward_key="tag_id", backward_key="post_id"
    )
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "posts"

    class Bangpath:
        acting_user = "author"


class Comment(Model):
    """What a reader answered."""

    id = fields.IntField(primary_key=True)
    content = fields.TextField(null=True)
    post: fields.ForeignKeyNullableRelation[Post] = fields.ForeignKeyField(
        "app.Post", related_name="comments", null=True, on_delete=fields.SET_NULL
    )

    class Meta:
        table = "comments"


class Note(Model):
    """A line that a workflow wrote."""

    id = fields.IntField(primary_key=True)
    text = fields.TextField(null=True)

    class Meta:
        table = "notes"
