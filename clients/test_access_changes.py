"""Identities that change under a running server: by a file, and by `tidewheel iam import`."""

import signal

import pytest

from driver import Domain, fault
from identities import Iam, allow, describe, key_of, policy, verified
from server import ADMINISTRATOR, Server
from test_access import UNKNOWN_KEY

REGION = "us-east-1"
DESCRIBE, UNDEPRECATE = "swf:DescribeDomain", "swf:UndeprecateDomain"


class House:
    """A server of one test, with the file that it was started with."""

    def __init__(self, directory):
        self.directory = directory
        self.file = describe(directory, {"ada": [allow(DESCRIBE)]})
        self.server = Server(directory / "data", auth=verified(self.file)).start()
        self.domain = Domain.create(self.server, REGION)
        self.started = self.server.log.read_text()

    def check(self, name: str, *, describes: bool, undeprecates: bool):
        """What somebody may do now."""
        client = self.domain.seen_with(key_of(name)).client
        for call, may in [
            (client.describe_domain, describes),
            (client.undeprecate_domain, undeprecates),
        ]:
            try:
                call(name=self.domain.name)
                code = None
            except client.exceptions.ClientError as error:
                code = error.response["Error"]["Code"]
            assert (code == "AccessDeniedException") != may, code

    def wait_for(self, line: str):
        """Returns when the log has this, from after the start."""
        while line not in self.server.log.read_text().removeprefix(self.started):
            self.server.client(REGION).describe_domain(name=self.domain.name)


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    assert house.server.terminate() == 0


def test_an_import_changes_what_clients_may_do(house):
    house.check("ada", describes=True, undeprecates=False)
    iam = Iam(house.server)
    elsewhere = house.directory / "elsewhere"
    elsewhere.mkdir()
    users = {"ada": [allow(UNDEPRECATE)], "grace": [allow(DESCRIBE)]}
    file = str(describe(elsewhere, users))
    tried = iam.do("import", file=file, dry_run=True)
    assert [step["Operation"] for step in tried["Steps"]] == [
        "DeleteUserPolicy",  # What takes its place may need the room.
        "PutUserPolicy",
        "CreateUser",
        "PutUserPolicy",
        "ImportAccessKey",
    ]
    house.check("ada", describes=True, undeprecates=False)
    grace = house.domain.seen_with(key_of("grace")).client
    assert fault(grace.describe_domain, name=house.domain.name) == UNKNOWN_KEY

    assert iam.do("import", file=file) == tried
    house.check("ada", describes=False, undeprecates=True)
    house.check("grace", describes=True, undeprecates=False)
    assert iam.do("import", file=file) == {"Steps": []}, "it is as the file says"

    # Whoever the file does not name stays, unless they are to go.
    file = str(describe(elsewhere, {"grace": [allow(DESCRIBE)]}))
    iam.do("import", file=file)
    house.check("ada", describes=False, undeprecates=True)
    iam.do("import", file=file, prune=True)
    ada = house.domain.seen_with(key_of("ada")).client
    assert fault(ada.describe_domain, name=house.domain.name) == UNKNOWN_KEY
    house.check("grace", describes=True, undeprecates=False)


def test_a_file_that_is_wrong_changes_nothing(house):
    iam = Iam(house.server)
    elsewhere = house.directory / "elsewhere"
    elsewhere.mkdir()
    wrong = {"ada": [allow(UNDEPRECATE)], "grace": [allow("swf DescribeDomain")]}
    refused = iam.refused("import", file=str(describe(elsewhere, wrong)))
    assert "(MalformedPolicyDocument)" in refused
    assert "user/grace" in refused
    house.check("ada", describes=True, undeprecates=False)


def test_the_file_is_read_again_after_a_hangup(house):
    describe(house.directory, {"ada": [allow(UNDEPRECATE)], "grace": [allow(DESCRIBE)]})
    house.check("ada", describes=True, undeprecates=False)
    house.server.process.send_signal(signal.SIGHUP)
    house.wait_for("the identities are as their file says")
    house.check("ada", describes=False, undeprecates=True)
    house.check("grace", describes=True, undeprecates=False)

    house.file.write_text("[[account]]\nid = 5\n")
    house.server.process.send_signal(signal.SIGHUP)
    house.wait_for("the identities stay as they were")
    house.check("grace", describes=True, undeprecates=False)
    house.server.client(REGION, ADMINISTRATOR).list_domains(registrationStatus="REGISTERED")


def test_identities_outlive_their_file_and_a_restart(house):
    key = Iam(house.server).create_user("made-by-hand", allow(DESCRIBE))
    assert house.server.terminate() == 0
    house.server.flags = ("--auth", "sigv4")
    house.server.start()
    domain = Domain(house.server, REGION, house.domain.name, key)
    domain.client.describe_domain(name=domain.name)
    ada = Domain(house.server, REGION, house.domain.name, key_of("ada"))
    ada.client.describe_domain(name=domain.name)


def test_a_policy_that_names_another_account_is_warned_of(house):
    """As whoever comes from AWS writes it first: the account's number stands in every ARN."""
    iam = Iam(house.server)
    for account, warned in [("123456789012", True), ("000000000000", False)]:
        resource = f"arn:aws:swf:*:{account}:/domain/{house.domain.name}"
        document = policy(allow(DESCRIBE, resource=resource))
        done = iam.run(
            "put-user-policy", user_name="ada", policy_name="w", policy_document=document
        )
        assert done.returncode == 0, done.stderr
        assert ("warning" in done.stderr and account in done.stderr) == warned, done.stderr
