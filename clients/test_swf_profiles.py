"""`tidewheel swf` beside the AWS CLI with the shared files of AWS's tools: where both go, who signs, and
what both say. The cases are in swf-profiles.txt.
"""

import contextlib
import http.server
import json
import pathlib
import re
import shlex
import string
import threading

import pytest

from server import without_settings
from test_swf_commands import _exit_code, _our_error, _ours, _their_error, with_variables
from test_swf_commands import forked  # noqa: F401

CASES = pathlib.Path(__file__).with_name("swf-profiles.txt")
LINES_MIN = 100
SERVERS = "ABCDE"
DOMAIN = {
    "domainInfo": {"name": "n", "status": "REGISTERED"},
    "configuration": {"workflowExecutionRetentionPeriodInDays": "1"},
}
CREDENTIAL = re.compile(r"Credential=([^/]*)/\d+/([^/]*)/swf/")
# A command that writes keys, named by its arguments.
KEYS = """#!/bin/sh
version=1
token=',"SessionToken":"T"'
case $1 in
version-2) version=2 ;; version-1.0) version=1.0 ;; no-token) token= ;;
ended) token=$token',"Expiration":"2020-01-01T00:00:00Z"' ;;
ending) token=$token',"Expiration":"2999-12-31T23:00:00+01:00"' ;;
esac
name=$(echo "$*" | tr ' ' -)
printf '{"Version":%s,"AccessKeyId":"KEY-%s","SecretAccessKey":"s"%s}' $version "$name" "$token"
"""
FAILS = "#!/bin/sh\necho not today >&2\nexit 3\n"
# The one that the two word in their own way: what to do about it has another name.
NO_CREDENTIALS = re.compile(r"(?<=You can configure credentials by running ).*")


def _read() -> list:
    """Cases: heading, config file, credentials file, command lines."""
    cases = []
    for line in CASES.read_text().splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "##":
            cases.append((rest, [], [], []))
        elif mark in ("c|", "k|"):
            cases[-1][1 if mark == "c|" else 2].append(rest)
        elif mark in ("$", "!"):
            cases[-1][3].append((mark, rest))
        else:
            assert not line or mark == "#", line
    return cases


READ = _read()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as if there were a domain, and notes who has asked for it."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = CREDENTIAL.search(self.headers.get("Authorization", ""))
        token = self.headers.get("X-Amz-Security-Token")
        who = signed and signed.groups()
        self.server.seen.append((self.server.name, self.path, who, token, json.loads(body)))
        answer = json.dumps(DOMAIN).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def servers():
    """Their addresses by their names, and what they have seen."""
    addresses, seen = {}, []
    with contextlib.ExitStack() as stack:
        for name in SERVERS:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            server.name, server.seen = name, seen
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            addresses[name] = f"http://127.0.0.1:{server.server_port}"
        yield addresses, seen


@pytest.fixture
def home(tmp_path):
    (tmp_path / ".aws").mkdir()
    for name, text in (("keys", KEYS), ("fails", FAILS)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def _words(line: str) -> tuple:
    """The variables and the words of a line, which stand in any order."""
    words = shlex.split(line)
    variables = [word for word in words if re.match(r"[A-Z_]+=", word)]
    said, _ = with_variables(variables)
    return said, ["describe-domain", "--name", "n", *(w for w in words if w not in variables)]


@pytest.mark.parametrize("case", READ, ids=[case[0] for case in READ])
def test_profiles_mean_what_they_mean_to_the_aws_cli(case, forked, servers, home):  # noqa: F811
    addresses, seen = servers
    names = addresses | {"KEYS": str(home / "keys"), "FAILS": str(home / "fails")}

    def filled(text: str) -> str:
        return string.Template(text).safe_substitute(names)

    _, config, credentials, lines = case
    for name, content in (("config", config), ("credentials", credentials)):
        if content:
            (home / ".aws" / name).write_text(filled("\n".join(content) + "\n"))
    environment = without_settings("AWS_", "TIDEWHEEL_", "REQUESTS_") | {
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "COLUMNS": "80",
    }

    def ours(said: dict, words: list) -> tuple:
        seen.clear()
        code, out, err = _ours(words, home, environment | said)
        return list(seen), code, out, NO_CREDENTIALS.sub("...", _our_error(err))

    def theirs(said: dict, words: list) -> tuple:
        seen.clear()
        code, out, err = forked.run(words, home, environment | said)
        # It does not catch what is wrong with a file that it reads first of all.
        unreadable = re.match(r"ConfigParseError\(['\"](.*)['\"]\)$", err.strip())
        if unreadable:
            return [], 255, "", unreadable[1]
        error = NO_CREDENTIALS.sub("...", _their_error(err))
        return list(seen), _exit_code(code, error), out, error

    for mark, line in lines:
        line, _, expected = line.partition(" | ")
        said, words = _words(filled(line))
        if mark == "!":
            asked, code, out, error = ours(said, words)
            assert (asked, code, out) == ([], 255, ""), line
            assert error.startswith(expected) and "which tidewheel does not ask" in error, line
        else:
            assert ours(said, words) == theirs(said, words), line


def test_there_are_many_profiles():
    assert sum(len(lines) for *_, lines in READ) >= LINES_MIN
