"""The AWS CLI, started often: a process that has read its code and forks for each command line.

Each command line has a process of its own, as if it had been started by a shell, but the code and
AWS's tables are read once. Reads a JSON object per line: words, directory, environment, and the
files for standard output and error. Says the exit code of each.
"""

import contextlib
import functools
import gc
import json
import os
import sys
import time

import awscli.clidriver

# The AWS CLI has a library of its own by this name, and puts it before the other.
from botocore.loaders import JSONFileLoader, Loader

# Where its tables are, which it tells its libraries when it is imported.
DATA = os.environ["AWS_DATA_PATH"]
# What makes it import and read all that a call needs, and calls nobody.
WARMING = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def _remember(of: type, name: str):
    """What a function has found once it finds again. Each process changes its own copy of that."""
    inner = getattr(of, name)
    known = {}

    @functools.wraps(inner)
    def wrapper(self, *words, **named):
        asked = (words, *named.items())
        if asked not in known:
            known[asked] = inner(self, *words, **named)
        return known[asked]

    setattr(of, name, wrapper)


def _warm_up():
    os.environ.update(WARMING)
    sys.argv = ["aws", "swf", "list-domains", "--registration-status", "REGISTERED"]
    with open(os.devnull, "w") as nowhere:
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            assert awscli.clidriver.main() == 255, "nobody is there"
    # What is here now stays, so that no process copies it to look whether it can go.
    gc.collect()
    gc.freeze()


def _become(task: dict) -> int:
    for number, path in ((0, os.devnull), (1, task["out"]), (2, task["err"])):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        descriptor = os.open(path, flags)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(task["directory"])
    os.environ.clear()
    os.environ.update(task["environment"], AWS_DATA_PATH=DATA)
    sys.argv = ["aws", "swf", *task["words"]]
    return awscli.clidriver.main()


def main():
    # Nobody compares how long it waits before it asks again.
    time.sleep = lambda seconds: None
    # What is in its tables, and which there are, is the same for all.
    _remember(JSONFileLoader, "load_file")
    _remember(Loader, "list_available_services")
    _warm_up()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                code = _become(json.loads(line))
            except SystemExit as exit:
                code = exit.code or 0
            except BaseException as error:
                print(repr(error), file=sys.stderr)
                code = 99
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
