"""The AWS CLI as its users run it: a subprocess with credentials in the environment."""

import json
import os
import subprocess
import sys

from server import ADMINISTRATOR, Key, without_settings

SECONDS_MAX = 90
# What version 1 of the CLI exits with when the service answered with an error.
EXIT_SERVICE_ERROR = 255


class Aws:
    def __init__(self, url: str, region: str, key: Key = ADMINISTRATOR, **environment: str):
        self.url = url
        self.region = region
        self.key = key
        self.environment = environment

    def run(self, operation: str, *words: str) -> subprocess.CompletedProcess:
        return self.spawn(operation, *words).result()

    def spawn(self, operation: str, *words: str) -> "Running":
        command = [sys.executable, "-m", "awscli", "swf", operation]
        command += ["--endpoint-url", self.url, "--output", "json", "--cli-read-timeout", "70"]
        environment = without_settings("AWS_") | {
            "AWS_ACCESS_KEY_ID": self.key.id,
            "AWS_SECRET_ACCESS_KEY": self.key.secret,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        if self.key.token is not None:
            environment["AWS_SESSION_TOKEN"] = self.key.token
        environment |= self.environment
        return Running(
            subprocess.Popen(
                command + list(words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
            )
        )

    def json(self, operation: str, *words: str) -> dict:
        """The parsed output of a call that must succeed and print something."""
        done = self.run(operation, *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def silent(self, operation: str, *words: str):
        """A call that must succeed and print nothing, as those without output do."""
        done = self.run(operation, *words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def refused(self, operation: str, *words: str) -> str:
        """The error line of a call that the service must refuse."""
        done = self.run(operation, *words)
        assert done.returncode == EXIT_SERVICE_ERROR, done
        assert done.stdout == ""
        return done.stderr.strip()


class Running:
    def __init__(self, process: subprocess.Popen):
        self._process = process

    def result(self) -> subprocess.CompletedProcess:
        try:
            out, err = self._process.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        return subprocess.CompletedProcess(self._process.args, self._process.returncode, out, err)
