"""Transcripts of `tidewheel swf` where it follows version 2 of the AWS CLI, which is no package of
Python's. The answers are the file's; what is asked for is compared with the AWS CLI elsewhere.

With TIDEWHEEL_RECORD set, the file is written anew, to be read before it is kept.
"""

import os
import pathlib
import shlex

from tape import Tape
from test_swf_commands import FILES, _environment, _ours, with_variables

TRANSCRIPTS = pathlib.Path(__file__).with_name("swf-transcripts.txt")
HEAD = [("Content-Type", "application/x-amz-json-1.0")]


def _told(text: str, mark: str) -> list:
    """Its lines behind a mark; blanks at their ends are not told."""
    return [f"{mark} {line}".rstrip() for line in text.splitlines()]


def _played(lines: list, directory) -> list:
    """A transcript as it stands in the file, with what was printed this time."""
    given = [line for line in lines if line.startswith(("## ", "$", "< "))]
    words = shlex.split(next(line for line in given if line.startswith("$"))[1:])
    answers = [line[2:].partition(" ") for line in given if line.startswith("< ")]
    with Tape(None).running() as tape:
        tape.load([(int(status), HEAD, body.encode()) for status, _, body in answers])
        tape.play()
        environment = _environment(tape.url, "us-east-1", directory)
        directory.with_name("config").write_text("")
        said, words = with_variables(words)
        code, out, err = _ours(words, directory, environment | said)
        assert len(tape.requests) == len(answers), (words, err)
    return [*given, f"? {code}", *_told(out, "|"), *_told(err, "!")]


def test_transcripts_play_as_they_were_written(tmp_path):
    directory = tmp_path / "files"
    directory.mkdir()
    for name, text in FILES.items():
        (directory / name).write_text(text)
    text = TRANSCRIPTS.read_text()
    preface, *transcripts = text.rstrip("\n").split("\n\n## ")
    played = [_played(f"## {one}".split("\n"), directory) for one in transcripts]
    told = "\n\n".join([preface, *("\n".join(lines) for lines in played)]) + "\n"
    if "TIDEWHEEL_RECORD" in os.environ:
        TRANSCRIPTS.write_text(told)
    assert told.splitlines() == TRANSCRIPTS.read_text().splitlines()
