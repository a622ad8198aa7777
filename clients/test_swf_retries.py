"""`tidewheel swf` beside the AWS CLI where a service fails: how often it is asked again in each retry
mode, and what is said in the end. The AWS CLI does not wait in between (forked_aws.py), which is not
what is compared.
"""

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
