"""`tidewheel swf` beside the AWS CLI where a service fails: how often it is asked again in each retry
mode, and what is said in the end. The AWS CLI does not wait in between (forked_aws.py), which is not
what is compared.
"""

import contextlib
import socket
import threading

import pytest

from tape import Tape
from test_swf_commands import _environment, _exit_code, _our_error, _ours, _their_error
from test_swf_commands import directory, forked  # noqa: F401
from test_swf_transcripts import HEAD

WORDS = ["describe-domain", "--name", "d"]
DESCRIBED = b'{"domainInfo":{"name":"d","status":"REGISTERED"}}'


def refusal(status: int, name: str, message: str = "") -> tuple:
    body = f'{{"__type":"com.amazon.coral#{name}","message":"{message}"}}'
    return status, HEAD, body.encode()


OK = (200, HEAD, DESCRIBED)
BROKEN = refusal(500, "InternalFailure")
BUSY = refusal(400, "ThrottlingException", "Rate exceeded")
UNKNOWN = refusal(400, "UnknownResourceFault", "Unknown domain: d")
LIMIT = refusal(400, "LimitExceededFault", "too many")
PAGE = (503, HEAD, b"<html>come back later</html>")
NOTHING = (502, HEAD, b"")
NO_JSON = (500, HEAD, b"come back later")
# More answers than anybody asks for.
MANY = 8
FAILING = [
    [BROKEN] * MANY,
    [PAGE] * MANY,
    [NOTHING] * MANY,
    [NO_JSON] * MANY,
    [refusal(504, "Late")] * MANY,
    [refusal(501, "Never")] * MANY,
    [refusal(509, "Full")] * MANY,
    [refusal(400, "RequestTimeout")] * MANY,
    [UNKNOWN] * MANY,
    [LIMIT] * MANY,
    [refusal(400, "ValidationException", "no")] * MANY,
    [BROKEN, OK],
    [BROKEN, UNKNOWN],
    [BROKEN, BROKEN, UNKNOWN],
]
# Behind these our command waits for up to a second, and then for two.
THROTTLING = [
    [BUSY] * MANY,
    [BUSY, UNKNOWN],
    [refusal(400, "RequestLimitExceeded")] * MANY,
    [refusal(429, "Whatever")] * MANY,
    [refusal(429, "SlowDown")] * MANY,
]


@pytest.mark.parametrize("mode", ["standard", "legacy", "adaptive"])
@pytest.mark.parametrize("attempts", [None, "2"])
def test_it_asks_as_often_as_the_aws_cli(mode, attempts, forked, directory):  # noqa: F811
    for answers in FAILING + (THROTTLING if attempts == "2" else []):
        told = []
        for who in ("aws", "tidewheel"):
            with Tape(None).running() as tape:
                tape.load(answers)
                tape.play()
                environment = _environment(tape.url, "us-east-1", directory)
                environment["AWS_RETRY_MODE"] = mode
                if attempts is not None:
                    environment["AWS_MAX_ATTEMPTS"] = attempts
                if who == "aws":
                    code, out, err = forked.run(WORDS, directory, environment)
                    error = _their_error(err)
                    code = _exit_code(code, error)
                else:
                    code, out, err = _ours(WORDS, directory, environment)
                    error = _our_error(err)
                told.append((len(tape.requests), code, out, error))
        assert told[0] == told[1], answers[:3]


@contextlib.contextmanager
def mute(hangs_up: bool):
    """A server that hears what it is asked and says nothing: its address, and who has asked."""
    heard = []
    with contextlib.ExitStack() as held, socket.create_server(("127.0.0.1", 0)) as server:

        def listen():
            # It ends when the server is closed.
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    heard.append(connection.recv(65536))
                    connection.close() if hangs_up else held.enter_context(connection)

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("hangs_up", [False, True])
def test_who_is_silent_is_asked_as_often_as_by_the_aws_cli(hangs_up, forked, directory):  # noqa: F811
    with mute(hangs_up) as (url, heard):
        environment = _environment(url, "us-east-1", directory)
        words = [*WORDS, "--cli-read-timeout", "1"]
        code, out, err = forked.run(words, directory, environment)
        error = _their_error(err)
        theirs = len(heard), _exit_code(code, error), out, error
        heard.clear()
        code, out, err = _ours(words, directory, environment)
    assert (len(heard), code, out, _our_error(err)) == theirs
    assert theirs[:2] == (3, 255)


@pytest.mark.parametrize("output", ["json", "text", "table"])
def test_a_token_that_comes_twice_ends_the_pages(output, forked, directory):  # noqa: F811
    def page(name: str, token: str) -> tuple:
        body = f'{{"domainInfos":[{{"name":"{name}"}}],"nextPageToken":"{token}"}}'
        return 200, HEAD, body.encode()

    words = "list-domains --registration-status REGISTERED --output".split()
    told = []
    for who in ("aws", "tidewheel"):
        with Tape(None).running() as tape:
            tape.load([page("a", "S"), page("b", "T"), page("c", "T"), page("d", "U")])
            tape.play()
            environment = _environment(tape.url, "us-east-1", directory)
            if who == "aws":
                code, out, err = forked.run([*words, output], directory, environment)
                told.append((len(tape.requests), code, out, _their_error(err)))
            else:
                code, out, err = _ours([*words, output], directory, environment)
                # That this stands before it is seen to be left out of what the other says.
                error = _our_error(err).removeprefix("Error during pagination: ")
                told.append((len(tape.requests), code, out, error))
    assert told[0] == told[1]
    assert told[0][:2] == (3, 255)
