"""The server as a process: how it is started, stopped and killed.

Knows the command line and the first line of output; knows nothing of SWF.
"""

import os
import pathlib
import queue
import re
import signal
import subprocess
import threading

import boto3
from botocore.config import Config

READY = re.compile(r"^listening on (http://127\.0\.0\.1:\d+)$")
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 10
ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class Server:
    """One server on one data directory; it can be started again after it has ended."""

    def __init__(self, data_dir: pathlib.Path, *flags: str):
        self.data_dir = data_dir
        self.flags = flags
        self.log = data_dir.with_name(data_dir.name + ".log")
        self.process = None
        self.url = None
        self._clients = {}
        self._session = boto3.session.Session(
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY
        )

    def start(self):
        assert self.process is None, "already running"
        self._clients = {}
        self.data_dir.mkdir(exist_ok=True)
        command = [binary(), "serve", "--data-dir", str(self.data_dir), "--listen", "127.0.0.1:0"]
        command += ["--auth", "off", *self.flags]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={k: v for k, v in os.environ.items() if not k.startswith("TIDEWHEEL_")},
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

    def client(self, region: str):
        """A boto3 client that never retries and outwaits a long poll."""
        if region not in self._clients:
            config = Config(
                connect_timeout=5,
                read_timeout=70,
                retries={"total_max_attempts": 1},
                max_pool_connections=50,
                proxies={},
            )
            self._clients[region] = self._session.client(
                "swf", region_name=region, endpoint_url=self.url, config=config
            )
        return self._clients[region]


def binary() -> str:
    path = os.environ.get("TIDEWHEEL_BIN")
    if not path:
        raise RuntimeError("TIDEWHEEL_BIN must name the server's binary")
    return path


def _drain(stream, lines: queue.Queue):
    for line in stream:
        lines.put(line.rstrip("\n"))
    lines.put(None)
