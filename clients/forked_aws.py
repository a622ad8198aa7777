"""The AWS CLI, started often: a process that has read its code and forks for each command line.

Each command line has a process of its own, as if it had been started by a shell, but the code is
read once. Reads a JSON object per line: words, directory, environment, and the files for standard
output and error. Says the exit code of each.
"""

import json
import os
import sys

import awscli.clidriver

# Where its tables are, which it tells its libraries when it is imported.
DATA = os.environ["AWS_DATA_PATH"]


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
    # What is imported on the way is imported here, once.
    awscli.clidriver.create_clidriver()
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
