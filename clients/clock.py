"""Clocks that are wrong: of clients in this process, of the AWS CLI, and of a server."""

import contextlib
import datetime
import pathlib
import subprocess

import botocore.auth
import botocore.compat
import pytest

SOURCE = pathlib.Path(__file__).with_name("clock.c")
# What the CLI does before all else, if this is where Python looks.
SITE = """\
import datetime
import botocore.auth, botocore.compat
now = botocore.compat.get_current_datetime
ahead = datetime.timedelta(seconds={seconds})
botocore.auth.get_current_datetime = lambda *arguments: now(*arguments) + ahead
"""


@contextlib.contextmanager
def clients_ahead(seconds: int):
    """Clients of this process sign as if it were later; or earlier, if `seconds` is negative."""
    ahead = datetime.timedelta(seconds=seconds)

    def now(*arguments):
        return botocore.compat.get_current_datetime(*arguments) + ahead

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", now)
        yield


def cli_ahead(directory: pathlib.Path, seconds: int) -> dict:
    """The environment of a CLI whose clock is wrong."""
    (directory / "sitecustomize.py").write_text(SITE.format(seconds=seconds))
    return {"PYTHONPATH": str(directory)}


def server_ahead(directory: pathlib.Path, seconds: int) -> dict:
    """The environment of a server whose clock is wrong."""
    library = directory / "clock.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)]
    subprocess.run(command, check=True)
    return {"LD_PRELOAD": str(library), "CLOCK_AHEAD": str(seconds)}
