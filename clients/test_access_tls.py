"""TLS and client certificates with AWS's own clients."""

import pathlib
import shutil

import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionError, SSLError

from aws import Aws
from driver import fault, unique
from identities import Iam, allow, user_arn
from server import ADMINISTRATOR, Key, Server
from test_access import UNKNOWN, UNKNOWN_KEY

FILES = pathlib.Path(__file__).with_name("tls")
AUTHORITY = str(FILES / "authority.pem")
CLIENT = (str(FILES / "client.pem"), str(FILES / "client-key.pem"))
STATUS = ("--registration-status", "REGISTERED")
REGION = "us-east-1"


def flags(directory: pathlib.Path, *more: str) -> tuple:
    """Of a server that speaks TLS. The key as it was checked out is open to others."""
    key = directory / "key.pem"
    shutil.copyfile(FILES / "server-key.pem", key)
    key.chmod(0o600)
    return ("--tls-cert", str(FILES / "server.pem"), "--tls-key", str(key), *more)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    server = Server(directory / "data", *flags(directory)).start()
    assert server.url.startswith("https://")
    yield server
    assert server.terminate() == 0


@pytest.fixture(scope="module")
def mutual(tmp_path_factory):
    directory = tmp_path_factory.mktemp("mutual")
    more = ("--tls-client-ca", AUTHORITY)
    server = Server(directory / "data", *flags(directory, *more)).start()
    yield server
    assert server.terminate() == 0


def register(client):
    name = unique("d")
    client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="1")
    assert client.describe_domain(name=name)["domainInfo"]["status"] == "REGISTERED"


def test_boto3_speaks_tls(tls):
    register(tls.client(REGION, verify=AUTHORITY))
    stranger = tls.client(REGION, UNKNOWN, verify=AUTHORITY)
    assert fault(stranger.list_domains, registrationStatus="REGISTERED") == UNKNOWN_KEY
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        tls.client(REGION).list_domains(registrationStatus="REGISTERED")


def test_the_cli_speaks_tls(tls):
    aws = Aws(tls.url, REGION)
    name = unique("d")
    aws.silent(
        "register-domain", "--name", name, "--workflow-execution-retention-period-in-days", "1",
        "--ca-bundle", AUTHORITY,
    )  # fmt: skip
    assert aws.json("describe-domain", "--name", name, "--ca-bundle", AUTHORITY)["domainInfo"]
    environment = Aws(tls.url, REGION, AWS_CA_BUNDLE=AUTHORITY)
    assert environment.json("describe-domain", "--name", name)["domainInfo"]
    assert "SSL validation failed" in aws.refused("list-domains", *STATUS)


def test_a_condition_on_tls(tmp_path):
    """The same key, with a policy that asks for an encrypted connection, over one and without."""
    server = Server(tmp_path / "data", *flags(tmp_path)).start()
    iam = Iam(server, AWS_CA_BUNDLE=AUTHORITY)
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    rights = (allow("swf:ListDomains", condition=condition), allow("swf:DescribeDomain"))
    key = iam.create_user("ada", *rights)
    server.client(REGION, key, verify=AUTHORITY).list_domains(registrationStatus="REGISTERED")
    mine = Iam(server, key, AWS_CA_BUNDLE=AUTHORITY)
    assert mine.do("get-caller-identity")["Arn"] == user_arn("ada")
    assert server.terminate() == 0

    plain = Server(server.data_dir).start()
    assert plain.url.startswith("http://")
    client = plain.client(REGION, key)
    code, text = fault(client.list_domains, registrationStatus="REGISTERED")
    assert code == "AccessDeniedException"
    assert text.startswith(f"User: {user_arn('ada')} is not authorized to perform: swf:ListDomains")
    code, _ = fault(client.describe_domain, name="nowhere")
    assert code == "UnknownResourceFault", "it is not the key that is refused"
    assert plain.terminate() == 0


def test_clients_with_a_certificate_are_let_in(mutual):
    config = Config(client_cert=CLIENT, retries={"total_max_attempts": 1})

    def client(key: Key):
        return mutual.sdk_client(REGION, key, verify=AUTHORITY, config=config)

    register(client(ADMINISTRATOR))
    # It opens the door, and does not say who comes in.
    assert fault(client(UNKNOWN).list_domains, registrationStatus="REGISTERED") == UNKNOWN_KEY


def test_clients_without_a_certificate_are_not(mutual):
    with pytest.raises((SSLError, ConnectionError)):
        mutual.client(REGION, verify=AUTHORITY).list_domains(registrationStatus="REGISTERED")
    line = Aws(mutual.url, REGION, AWS_CA_BUNDLE=AUTHORITY, AWS_MAX_ATTEMPTS="1").refused(
        "list-domains", *STATUS
    )
    assert mutual.url in line
