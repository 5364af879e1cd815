"""One service for all clients: a process of its own, as a person starts it."""

from collections.abc import Iterator

import pytest

from tests.process.served import PASSWORD, Served


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A new service with the sample's rows and workflows, whose root has `PASSWORD`."""
    served = Served(tmp_path_factory.mktemp("clients") / "home", root_password=PASSWORD)
    yield served
    served.client.close()
    served.process.terminate()
    assert 0 == served.process.wait(30), served.errors


@pytest.fixture(scope="session")
def token(served: Served) -> str:
    """A token of root's, who holds every role."""
    answer = served.client.post("/api/auth:signIn", json={"account": "root", "password": PASSWORD})
    return str(answer.json()["data"]["token"])
