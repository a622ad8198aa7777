"""`tidewheel swf` on a pseudo terminal: pager, colours, progress and Ctrl-C; none of it in pipes."""

import contextlib
import fcntl
import os
import pty
import re
import shlex
import socket
import subprocess
import termios

import pytest

from server import binary
from tape import Tape
from test_swf_commands import SECONDS_MAX, _environment, _ours

HEAD = [("Content-Type", "application/x-amz-json-1.0")]
DOMAINS = b'{"domainInfos":[{"name":"a","status":"REGISTERED"}]}'
LIST = "list-domains --registration-status REGISTERED"
# It says that it is there, and what it is told of how to page.
PAGER = "sh -c 'echo paged with $LESS; cat'"
COLOR = "\x1b["
# Longer than somebody waits for pages before being told how far they are.
PATIENCE_MILLISECONDS = 1500


def page(name: str, more: bool) -> tuple:
    token = ',"nextPageToken":"T-%s"' % name if more else ""
    body = '{"domainInfos":[{"name":"%s","status":"REGISTERED"}]%s}' % (name, token)
    return 200, HEAD, body.encode()


@pytest.fixture
def setting(tmp_path):
    """A tape to be loaded, a directory and an environment."""
    directory = tmp_path / "files"
    directory.mkdir()
    with Tape(None).running() as tape:
        environment = _environment(tape.url, "us-east-1", directory) | {"AWS_PAGER": PAGER}
        yield tape, directory, environment


def play(tape: Tape, *answers):
    tape.load(list(answers or [(200, HEAD, DOMAINS)]))
    tape.play()


@contextlib.contextmanager
def on_a_terminal(words: list, directory, environment: dict):
    """A command that has a terminal, and the side of it where a person is."""
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [binary(), "swf", *words],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=directory,
        env=environment | {"TERM": "xterm"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(terminal)
    try:
        yield process, person
    finally:
        process.kill()
        process.wait(SECONDS_MAX)
        os.close(person)


def seen(person: int) -> str:
    """What stands on the terminal when nobody writes there any more."""
    parts = []
    # A terminal that nobody has open is an error to Linux.
    with contextlib.suppress(OSError):
        while part := os.read(person, 65536):
            parts.append(part)
    return b"".join(parts).decode().replace("\r\n", "\n")


def shown(line: str, directory, environment: dict) -> str:
    with on_a_terminal(shlex.split(line), directory, environment) as (process, person):
        text = seen(person)
        assert process.wait(SECONDS_MAX) == 0, text
    return text


def piped(line: str, directory, environment: dict) -> str:
    code, out, err = _ours(shlex.split(line), directory, environment)
    assert (code, err) == (0, "")
    return out


def test_a_pager_has_the_output_on_a_terminal(setting):
    tape, *where = setting
    play(tape)
    assert shown(LIST, *where).startswith("paged with FRX\n{\n")


@pytest.mark.parametrize(
    "line, pager",
    [(f"{LIST} --no-cli-pager", PAGER), (LIST, "")],
    ids=["option", "variable"],
)
def test_no_pager_is_used_if_none_is_wanted(setting, line, pager):
    tape, directory, environment = setting
    play(tape)
    text = shown(line, directory, environment | {"AWS_PAGER": pager})
    assert text.startswith("{\n")


def test_help_goes_through_the_pager_and_has_colors(setting):
    _, *where = setting
    text = shown("list-domains help", *where)
    assert text.startswith("paged with FRX\n")
    assert COLOR in text


def test_pipes_have_no_pager_and_no_colors(setting):
    tape, *where = setting
    for line in (LIST, f"{LIST} --output table", "list-domains help"):
        play(tape)
        text = piped(line, *where)
        assert "paged" not in text
        assert COLOR not in text


def test_tables_have_colors_on_a_terminal_or_if_they_are_wanted(setting):
    tape, directory, environment = setting
    where = directory, environment | {"AWS_PAGER": ""}
    for show, option, colored in (
        (shown, "", True),
        (shown, "--color auto", True),
        (shown, "--color off", False),
        (piped, "--color on", True),
    ):
        play(tape)
        text = show(f"{LIST} --output table {option}", *where)
        assert (COLOR in text) == colored, option


def test_pages_that_take_long_are_counted_on_a_terminal(setting):
    """A server that wants to be asked later takes long, and nobody else has to wait for it."""
    tape, directory, environment = setting
    where = directory, environment | {"AWS_PAGER": ""}
    later = [("x-amz-retry-after", str(PATIENCE_MILLISECONDS))]
    answers = page("a", True), (503, HEAD + later, b"{}"), page("b", True), page("c", False)
    play(tape, *answers)
    text = shown(LIST, *where)
    assert re.match(r"\r2 items so far(\r3 items so far)?\r\x1b\[K\{\n", text), text
    play(tape, *answers)
    assert piped(LIST, *where).startswith("{\n")


def test_an_interrupt_from_the_keyboard_ends_a_poll(setting):
    _, directory, environment = setting
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        words = f"poll-for-decision-task --domain d --task-list name=l --endpoint-url {url}"
        with on_a_terminal(words.split(), directory, environment) as (process, person):
            connection, _ = server.accept()
            with connection:
                assert b"POST" in connection.recv(65536)
                os.write(person, b"\x03")
                text = seen(person)
                assert process.wait(SECONDS_MAX) == 130
        # The terminal shows the key.
        assert text == "^C\n"
