"""The scripts of `tidewheel completion` in the shells that they are for, as far as these are on the
machine: nothing here installs one. bash, which is everywhere, is asked by the tests in Rust.
"""

import os
import pty
import re
import shutil
import subprocess

import pytest

from server import binary, without_settings

SECONDS_MAX = 60
# What somebody has typed, and what it is completed to: one word, or the beginning of several.
TYPED = [
    ("tidewheel che", "tidewheel check "),
    ("tidewheel check --rep", "tidewheel check --repair "),
    ("tidewheel completion fi", "tidewheel completion fish "),
    ("tidewheel config sh", "tidewheel config show "),
    ("tidewheel config show --orig", "tidewheel config show --origin "),
    ("tidewheel batch te", "tidewheel batch terminate "),
    ("tidewheel batch terminate --chi", "tidewheel batch terminate --child-policy "),
    ("tidewheel iam create-access", "tidewheel iam create-access-key "),
    ("tidewheel swf list-dom", "tidewheel swf list-domains "),
    ("tidewheel swf list-domains --registration", "tidewheel swf list-domains --registration-status "),
    (
        "tidewheel swf list-domains --registration-status DEP",
        "tidewheel swf list-domains --registration-status DEPRECATED ",
    ),
    ("tidewheel swf describe-domain --output yaml-", "tidewheel swf describe-domain --output yaml-stream "),
    (
        "tidewheel swf count-pending-activity-tasks --task",
        "tidewheel swf count-pending-activity-tasks --task-list ",
    ),
    ("tidewheel serve --list", "tidewheel serve --listen "),
]


def script(shell: str) -> str:
    done = subprocess.run([binary(), "completion", shell], capture_output=True, text=True)
    assert done.returncode == 0
    return done.stdout


def fish(directory) -> list:
    """What it offers for each, in the place of the last word."""
    (directory / "tidewheel.fish").write_text(script("fish"))
    completed = []
    for typed, _ in TYPED:
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"source tidewheel.fish; complete -C '{typed}'"],
            cwd=directory,
            env=without_settings("FISH_") | {"HOME": str(directory)},
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
        )
        assert done.stderr == ""
        (offered,) = (line.partition("\t")[0] for line in done.stdout.splitlines())
        completed.append(f"{typed.rpartition(' ')[0]} {offered} ")
    return completed


def zsh(directory) -> list:
    """What its line is when Tab was pressed. It completes only on a terminal."""
    (directory / "_tidewheel").write_text(script("zsh"))
    environment = {"HOME": str(directory), "PATH": os.environ["PATH"], "TERM": "dumb"}
    process, side = pty.fork()
    if process == 0:
        os.chdir(directory)
        os.execvpe("zsh", ["zsh", "-f", "-i"], environment)

    def read_to(mark: bytes) -> bytes:
        shown = b""
        while not re.search(mark, shown):
            shown += os.read(side, 65536)
        return shown

    # The key completes and shows the line; marks are written so that what is typed has none.
    os.write(side, b"PS1=; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D\n")
    os.write(side, b'show() { zle complete-word; print -r -- "[""[$BUFFER]""]"; BUFFER= }\n')
    os.write(side, b"zle -N show; bindkey '^T' show; print re''ady\n")
    read_to(rb"ready\r\n")
    completed = []
    for typed, _ in TYPED:
        os.write(side, typed.encode() + b"\x14")
        shown = read_to(rb"\[\[.*?\]\]")
        completed.append(re.search(rb"\[\[(.*?)\]\]", shown)[1].decode())
    os.write(side, b"exit\n")
    read_to_the_end(side)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    return completed


def read_to_the_end(side: int):
    try:
        while os.read(side, 65536):
            pass
    except OSError:
        # Nobody has the other side any more.
        os.close(side)


@pytest.mark.parametrize("ask", [fish, zsh])
def test_a_shell_completes_what_was_begun(ask, tmp_path):
    if not shutil.which(ask.__name__):
        pytest.skip(f"{ask.__name__} is not on this machine")
    assert ask(tmp_path) == [whole for _, whole in TYPED]
