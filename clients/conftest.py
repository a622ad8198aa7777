"""Fixtures: a server for each worker process, a fresh domain for each test."""

import os

import boto3
import pytest

pytest.register_assert_rewrite(
    "aws", "checker", "driver", "functions", "identities", "load", "tape", "wire"
)

from aws import Aws  # noqa: E402
from driver import Domain  # noqa: E402
from server import UNVERIFIED, Server  # noqa: E402

# An account may hold 100 domains in one region, and a domain can never be deleted; some tests
# register more than the one they are given.
DOMAINS_PER_REGION = 60


class Regions:
    """Hands out region names: shared ones until they are full, and ones nobody else uses."""

    def __init__(self):
        self._names = iter(boto3.session.Session().get_available_regions("swf"))
        self._shared = None
        self._left = 0

    def shared(self) -> str:
        if self._left == 0:
            self._shared, self._left = self.fresh(), DOMAINS_PER_REGION
        self._left -= 1
        return self._shared

    def fresh(self) -> str:
        return next(self._names)


def pytest_collection_modifyitems(items):
    """What takes long is dealt out to all workers, and each begins with its share: the one test
    that waits for an empty poll, and those that start the AWS CLI again and again."""

    def waits(item) -> bool:
        return item.originalname == "test_an_empty_poll_holds_for_a_minute"

    long = [item for item in items if waits(item)]
    long += [item for item in items if {"aws", "forked"} & set(item.fixturenames)]
    rest = [item for item in items if item not in long]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    each = -(-len(items) // workers)
    dealt = []
    for worker in range(workers):
        share = long[worker::workers]
        others = each - len(share)
        dealt += share + rest[:others]
        rest = rest[others:]
    items[:] = dealt + rest


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("shared-data")).start()
    yield server
    assert server.terminate() == 0, "SIGTERM ends the server with exit code 0"


@pytest.fixture(scope="session")
def regions():
    return Regions()


@pytest.fixture
def domain(server, regions):
    """A registered domain with one workflow type and one activity type."""
    return Domain.create(server, regions.shared())


@pytest.fixture(scope="module")
def lonely_region(server, regions):
    """A region that only this module (of this worker) uses."""
    return regions.fresh()


@pytest.fixture
def aws(domain):
    return Aws(domain.url, domain.region)


@pytest.fixture
def own_server(tmp_path):
    """A server for one test that wants to stop or kill it."""
    server = Server(tmp_path / "data").start()
    yield server
    server.kill()


@pytest.fixture
def open_server(tmp_path):
    """A server for one test that takes any credentials."""
    server = Server(tmp_path / "data", auth=UNVERIFIED).start()
    yield server
    server.kill()
