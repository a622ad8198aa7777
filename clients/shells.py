"""Completes command lines in zsh and fish, on a machine that has them; the gate has bash alone.

    TIDEWHEEL_BIN=target/debug/tidewheel python clients/shells.py
"""

import contextlib
import os
import pathlib
import pty
import select
import subprocess
import tempfile

from server import binary

SECONDS_MAX = 30
MARK = "that is all"
# What is begun, a word that is offered then, and one that is not.
CASES = [
    ("tidewheel sw", "swf", "serve"),
    ("tidewheel swf list-dom", "list-domains", "list-tags-for-resource"),
    ("tidewheel swf list-domains --registration", "--registration-status", "--max-items"),
    ("tidewheel swf list-domains --registration-status DEP", "DEPRECATED", "REGISTERED"),
    ("tidewheel swf --out", "--output", "--query"),
    ("tidewheel swf describe-domain --output yaml-", "yaml-stream", "table"),
    ("tidewheel swf count-pending-activity-tasks --task", "--task-list", "--domain"),
    ("tidewheel completion fi", "fish", "zsh"),
    ("tidewheel serve --li", "--listen", "--data-dir"),
]


def script(shell: str) -> str:
    return subprocess.run(
        [binary(), "completion", shell], check=True, capture_output=True, text=True
    ).stdout


def fish(line: str, directory: pathlib.Path) -> str:
    """The words that are offered, each with what it is."""
    command = f"source {directory / 'tidewheel.fish'}; complete --do-complete '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", command], check=True, capture_output=True, text=True
    )
    assert not done.stderr, done.stderr
    return done.stdout


def zsh(line: str, directory: pathlib.Path) -> str:
    """What stands on a terminal after the tabulator; the line is thrown away."""
    setup = [
        "PS1='' PROMPT_EOL_MARK='' LISTMAX=1000",
        f"fpath=({directory} $fpath); autoload -Uz compinit; compinit -D -u",
        "setopt no_beep list_ambiguous",
        "echo be''gin",
    ]
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        ["zsh", "-f", "-i"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env=os.environ | {"TERM": "dumb", "HOME": str(directory)},
    )
    os.close(terminal)
    try:
        os.write(person, ("\n".join(setup) + "\n").encode())
        _until(person, "begin")
        os.write(person, f"{line}\t\x15echo {MARK[:4]}''{MARK[4:]}\n".encode())
        return _until(person, MARK)
    finally:
        process.kill()
        process.wait()
        os.close(person)


def _until(person: int, mark: str) -> str:
    text = ""
    while mark not in text:
        assert select.select([person], [], [], SECONDS_MAX)[0], text
        text += os.read(person, 65536).decode(errors="replace")
    return text


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        (directory / "tidewheel.fish").write_text(script("fish"))
        (directory / "_tidewheel").write_text(script("zsh"))
        for line, offered, other in CASES:
            for shell in (fish, zsh):
                text = shell(line, directory).replace(line, "")
                behind = offered.removeprefix(line.rpartition(" ")[2])
                found = offered in text or (shell is zsh and behind in text)
                assert found, (shell.__name__, line, text)
                assert other not in text, (shell.__name__, line, text)
    with contextlib.suppress(BrokenPipeError):
        print(f"{len(CASES)} command lines are completed in zsh and in fish")


if __name__ == "__main__":
    main()
