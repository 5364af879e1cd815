"""What a first start leaves behind, of which every release keeps a copy."""

from pathlib import Path

from api.app import open_service
from api.settings import Settings
from tests.databases import address

PASSWORD = "correct horse"
SECRET = "a secret that is long enough for everybody"


def settings_of(database: str, home: Path) -> Settings:
    return Settings(home=home, secret=SECRET, root_password=PASSWORD, database_url=address(database))


async def fill(database: str, home: Path) -> None:
    """Start once over an empty database."""
    async with open_service(settings_of(database, home)):
        pass
