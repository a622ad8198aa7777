"""The server as a process: how it is started, stopped and killed.

Knows the command line and the first line of output; knows nothing of SWF. Unless a test says
otherwise it verifies signatures, and the one who is let in may do everything.
"""

import dataclasses
import os
import pathlib
import queue
import re
import signal
import subprocess
import threading

import boto3
from botocore.config import Config

READY = re.compile(r"^listening on (https?://127\.0\.0\.1:\d+)$")
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 10


@dataclasses.dataclass(frozen=True)
class Key:
    """What a client signs with."""

    id: str
    secret: str
    token: str | None = None


# Who is in this file may do everything, and has this key. Its secret comes by the environment.
IDENTITIES = pathlib.Path(__file__).with_name("identities.toml")
ADMINISTRATOR = Key("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SECRETS = {"ADMINISTRATOR_SECRET": ADMINISTRATOR.secret}
VERIFIED = ("--auth", "sigv4", "--identities", str(IDENTITIES))
UNVERIFIED = ("--auth", "off")


class Server:
    """One server on one data directory; it can be started again after it has ended."""

    def __init__(self, data_dir: pathlib.Path, *flags: str, auth: tuple = VERIFIED):
        self.data_dir = data_dir
        self.flags = auth + flags
        self.environment = {}
        self.log = data_dir.with_name(data_dir.name + ".log")
        self.process = None
        self.url = None
        self._clients = {}
        self._session = boto3.session.Session()

    def start(self):
        assert self.process is None, "already running"
        self._clients = {}
        self.data_dir.mkdir(exist_ok=True)
        command = [binary(), "serve", "--data-dir", str(self.data_dir), "--listen", "127.0.0.1:0"]
        command += self.flags
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=without_settings("TIDEWHEEL_") | SECRETS | self.environment,
            )
        lines = queue.Queue()
        threading.Thread(target=_drain, args=(self.process.stdout, lines), daemon=True).start()
        try:
            first = lines.get(timeout=START_SECONDS_MAX)
        except queue.Empty:
            first = None
        ready = READY.match(first or "")
        if not ready:
            self.kill()
            tail = self.log.read_text(errors="replace")[-2000:]
            raise AssertionError(f"the server did not start: {first!r}\n{tail}")
        self.url = ready.group(1)
        return self

    def kill(self):
        """SIGKILL: nothing is flushed, nothing is said."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait(STOP_SECONDS_MAX)

    def terminate(self) -> int:
        """SIGTERM, and the exit code."""
        self.signal_terminate()
        return self.wait()

    def signal_terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        process, self.process = self.process, None
        try:
            return process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS_MAX)
            raise

    def client(self, region: str, key: Key = ADMINISTRATOR, **options):
        """A boto3 client that never retries and outwaits a long poll."""
        named = (region, key, *sorted(options.items()))
        if named not in self._clients:
            config = Config(
                connect_timeout=5,
                read_timeout=70,
                retries={"total_max_attempts": 1},
                max_pool_connections=50,
                proxies={},
            )
            self._clients[named] = self.sdk_client(region, key, config=config, **options)
        return self._clients[named]

    def sdk_client(self, region: str, key: Key, **options):
        """A boto3 client with settings of its own."""
        return self._session.client(
            "swf",
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            aws_session_token=key.token,
            **options,
        )


def without_settings(*prefixes: str) -> dict:
    """The environment without what it says to the server or to AWS's clients."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def binary() -> str:
    path = os.environ.get("TIDEWHEEL_BIN")
    if not path:
        raise RuntimeError("TIDEWHEEL_BIN must name the server's binary")
    return path


def _drain(stream, lines: queue.Queue):
    for line in stream:
        lines.put(line.rstrip("\n"))
    lines.put(None)
