"""One signed HTTP request, every byte of which a test may change."""

import dataclasses
import email.utils
import http.client
import json
import time
import urllib.parse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from server import ADMINISTRATOR, Key

JSON_1_0 = "application/x-amz-json-1.0"
TARGET = "SimpleWorkflowService"
SECONDS_MAX = 70
DATE_SECONDS_MAX = 60
FAULTS = "com.amazonaws.swf.base.model#"
VALIDATION = "com.amazon.coral.validate#ValidationException"
SERVICE = "com.amazon.coral.service#"


@dataclasses.dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)

    def error(self) -> tuple:
        """HTTP status, `__type`, and the text in either spelling of `message`."""
        body = self.json()
        return self.status, body["__type"], body.get("message", body.get("Message"))


class Wire:
    """Calls to one server in one region, signed with one key."""

    def __init__(self, url: str, region: str, key: Key = ADMINISTRATOR):
        self.url = url
        self.region = region
        self.key = key

    def send(
        self,
        operation: str,
        body,
        *,
        method: str = "POST",
        headers: dict | None = None,
        signed: bool = True,
    ) -> http.client.HTTPConnection:
        """Sends a request and leaves the answer to be read: an open poll, for instance."""
        if isinstance(body, dict):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        merged = {"Content-Type": JSON_1_0, "X-Amz-Target": f"{TARGET}.{operation}"}
        merged |= headers or {}
        if signed:
            merged = self.sign(method, body, merged)
        connection = http.client.HTTPConnection(
            urllib.parse.urlsplit(self.url).netloc, timeout=SECONDS_MAX
        )
        try:
            connection.request(method, "/", body, merged)
        except (BrokenPipeError, ConnectionResetError):
            pass  # Refused before the body was read to its end: the answer is there to be read.
        return connection

    def call(self, operation: str, body, **options) -> Reply:
        return receive(self.send(operation, body, **options))

    def ok(self, operation: str, body: dict) -> dict:
        reply = self.call(operation, body)
        assert reply.status == 200, reply.body
        return reply.json()

    def settle(self):
        """Two whole round trips: what was sent before on other connections has arrived by now."""
        for _ in range(2):
            self.ok("ListDomains", {"registrationStatus": "DEPRECATED", "maximumPageSize": 1})

    def sign(self, method: str, body: bytes, headers: dict) -> dict:
        request = AWSRequest(method=method, url=self.url + "/", data=body, headers=headers)
        credentials = Credentials(self.key.id, self.key.secret, self.key.token)
        SigV4Auth(credentials, "swf", self.region).add_auth(request)
        return dict(request.headers.items())


def assert_dated(headers: http.client.HTTPMessage):
    """The answer says what time it is here."""
    date = email.utils.parsedate_to_datetime(headers["Date"])
    assert abs(date.timestamp() - time.time()) < DATE_SECONDS_MAX, headers["Date"]


def receive(connection: http.client.HTTPConnection) -> Reply:
    try:
        response = connection.getresponse()
        assert_dated(response.headers)
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()
