"""Strangers at the door of the program itself: requests that are slow, torn, or mean two things."""

import http.client
import json
import socket
import time
import urllib.parse

import pytest

from wire import JSON_1_0, SERVICE, TARGET, Wire, assert_dated

LIST = {"registrationStatus": "REGISTERED"}
# What the server waits for the rest of a head or a body at most, and what a loaded machine adds.
SLOW_SECONDS_MAX = 15 + 15
BETWEEN_BYTES_SECONDS = 0.2
BODY_BYTES_MAX = 1_049_600


@pytest.fixture
def wire(server):
    return Wire(server.url, "us-east-1")


class Raw:
    """One connection, byte by byte."""

    def __init__(self, url: str):
        address = urllib.parse.urlsplit(url)
        self.host = address.netloc
        self.socket = socket.create_connection((address.hostname, address.port), timeout=60)

    def send(self, text: str):
        self.socket.sendall(text.encode())

    def answer(self) -> tuple:
        """The status and the body of the next answer."""
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        assert_dated(response.headers)
        return response.status, response.read()

    def read_all(self) -> str:
        """Everything, until the other end has no more to say."""
        with self.socket.makefile("rb") as stream:
            return stream.read().decode()

    def is_cut(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def signed_head(wire: Wire, body: bytes, **more: str) -> str:
    """The head of a request that is right, but for what is put in."""
    headers = {"Content-Type": JSON_1_0, "X-Amz-Target": f"{TARGET}.ListDomains"}
    headers = wire.sign("POST", body, headers)
    headers |= {"Host": urllib.parse.urlsplit(wire.url).netloc, "Content-Length": str(len(body))}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\r\n".join(["POST / HTTP/1.1", *lines, "", ""])


def trickle(raw: Raw, text: str) -> float:
    """Sends byte by byte, until all is sent or the other end has had enough; how long it took."""
    began = time.monotonic()
    raw.socket.settimeout(BETWEEN_BYTES_SECONDS)
    for character in text:
        try:
            raw.send(character)
            raw.socket.recv(1)
            break  # Whether an answer or the end: nothing more is read.
        except TimeoutError:
            continue  # Nothing is said to it: go on.
        except (BrokenPipeError, ConnectionResetError):
            break
    return time.monotonic() - began


def test_who_is_slow_is_cut(wire):
    """A head and a body that would take for ever, at once; others do not wait for them."""
    body = json.dumps(LIST).encode()
    head = Raw(wire.url)
    torn = Raw(wire.url)
    torn.send(signed_head(wire, body) + body.decode()[:5])
    endless = "POST / HTTP/1.1\r\n" + "X-Slow: a\r\n" * 1000
    assert trickle(head, endless) < SLOW_SECONDS_MAX
    assert wire.call("ListDomains", LIST).status == 200, "nobody else is held up"
    assert torn.answer() == (408, b"The body came too slowly.\n")
    assert torn.is_cut()


def test_every_answer_is_dated(wire):
    """Whatever comes of a request, and whoever answers it: clients set their clocks by it."""
    body = json.dumps(LIST).encode()
    right = signed_head(wire, body)
    large = b"x" * (BODY_BYTES_MAX + 1)
    call = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON_1_0}\r\n"
    for head, sent, status in [
        (right, body, 200),
        (right, body.replace(b"REGISTERED", b"DEPRECATED"), 400),
        (call + "Content-Length: x\r\n\r\n", b"", 400),
        ("nonsense\r\n\r\n", b"", 400),
        ("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", b"", 200),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"", 404),
        (call + f"Content-Length: {len(large)}\r\n\r\n", large, 413),
        (call + "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", b"", 415),
        (call + f"X-Long: {'x' * 40_000}\r\n\r\n", b"", 431),
    ]:
        raw = Raw(wire.url)
        raw.send(head + sent.decode())
        assert raw.answer()[0] == status, head[:200]


def test_headers_that_come_twice(wire):
    """Two readers could take different ones: neither counts."""
    body = json.dumps(LIST).encode()
    for name, value in [
        ("Authorization", "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/swf/aws4_request"),
        ("X-Amz-Date", "20150830T123600Z"),
        ("X-Amz-Target", f"{TARGET}.DeprecateDomain"),
        ("X-Amz-Security-Token", "a"),
        ("Host", "elsewhere"),
    ]:
        raw = Raw(wire.url)
        twice = {name.replace("-", "_"): value}
        if name == "X-Amz-Security-Token":
            raw.send(signed_head(wire, body, **twice, X_Amz_security_token="b") + body.decode())
        else:
            raw.send(signed_head(wire, body, **twice) + body.decode())
        cause = b"A header that can stand but once is repeated.\n"
        assert raw.answer() == (400, cause), name


def test_a_request_that_was_changed_on_its_way(wire):
    """Its body, its target, its host, or a header that was signed."""
    body = json.dumps(LIST).encode()
    right = signed_head(wire, body)
    other = body.replace(b"REGISTERED", b"DEPRECATED")
    for head, sent in [
        (right, other),
        (right.replace(".ListDomains", ".CountOpenWorkflowExecutions"), body),
        (right.replace("Host: 127.0.0.1", "Host: localhost"), body),
        (right.replace(JSON_1_0, "application/json"), body),
        (right.replace("POST / ", "POST /?a=b "), body),
        (right.replace("us-east-1", "us-west-2"), body),
    ]:
        assert (head, sent) != (right, body)
        raw = Raw(wire.url)
        raw.send(head + sent.decode())
        status, answer = raw.answer()
        assert (status, json.loads(answer)["__type"]) == (
            400,
            SERVICE + "InvalidSignatureException",
        ), head
    raw = Raw(wire.url)
    raw.send(right + body.decode())
    assert raw.answer()[0] == 200


def test_a_signature_that_leaves_something_out(wire):
    """The host and the operation must be signed, or a recorded request would do for another."""
    body = json.dumps(LIST).encode()
    for left_out in ("host", "x-amz-target"):
        head = signed_head(wire, body)
        signed = "content-type;host;x-amz-date;x-amz-target"
        assert signed in head
        less = ";".join(name for name in signed.split(";") if name != left_out)
        raw = Raw(wire.url)
        raw.send(head.replace(signed, less) + body.decode())
        status, answer = raw.answer()
        code = SERVICE + "InvalidSignatureException"
        assert (status, json.loads(answer)["__type"]) == (400, code), left_out


def test_what_is_sent_again_is_not_refused(wire):
    """An honest repetition within the same second has the same signature."""
    body = json.dumps(LIST).encode()
    head = signed_head(wire, body)
    for _ in range(2):
        raw = Raw(wire.url)
        raw.send(head + body.decode())
        assert raw.answer()[0] == 200
