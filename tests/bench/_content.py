"""What a database holds that is measured over: two hundred posts with an author and tags, and the workflows."""

from api.app import Service, open_service
from api.settings import Settings
from engine.system.models import User, Workflow
from schema.sample.models import Post, Tag
from tests.bench._cases import POSTS, WORKFLOWS


async def fill(settings: Settings) -> None:
    """Make the database of these settings, and fill it."""
    async with open_service(settings) as service:
        await fill_opened(service)


async def fill_opened(service: Service) -> None:
    # The sample's own, which hears of every write: a create without a workflow is what it says.
    await Workflow.filter(key="post-audit").update(enabled=False)
    for key, started in WORKFLOWS.items():
        await service.engine.versions.create({**started.document(key), "enabled": True})
    author = await User.get(username="root")
    tags = [await Tag.create(name=f"tag {number}") for number in range(4)]
    for number in range(POSTS):
        post = await Post.create(title=f"post {number}", content="Some words.", author=author)
        await post.tags.add(tags[number % 4], tags[(number + 1) % 4])
