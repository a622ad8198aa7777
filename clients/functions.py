"""A server of Lambda functions that speaks AWS's Invoke API, for the server under test to call.

A function is a Python callable from the request's body to a `Reply`. Every request is kept.
"""

import dataclasses
import http.server
import re
import threading

INVOKE = re.compile(r"^/2015-03-31/functions/([^/]+)/invocations$")
WAIT_SECONDS_MAX = 60


@dataclasses.dataclass
class Reply:
    body: str
    status: int = 200
    headers: dict = dataclasses.field(default_factory=dict)


def threw(body: str) -> Reply:
    """What Lambda answers when a function raises."""
    return Reply(body, headers={"X-Amz-Function-Error": "Unhandled"})


NOT_FOUND = Reply(
    '{"Type":"User","Message":"Function not found"}',
    status=404,
    headers={"x-amzn-ErrorType": "ResourceNotFoundException"},
)


class Gate:
    """Holds a function until the test opens it; tells the test that the function has begun."""

    def __init__(self):
        self._begun = threading.Event()
        self._opened = threading.Event()

    def pass_through(self):
        self._begun.set()
        assert self._opened.wait(WAIT_SECONDS_MAX), "the gate was never opened"

    def await_begin(self):
        assert self._begun.wait(WAIT_SECONDS_MAX), "the function was never called"

    def open(self):
        self._opened.set()


class FunctionServer:
    """Functions by name, on a free port of the loopback interface."""

    def __init__(self):
        self.functions = {}
        self.calls = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                reply = outer.answer(self.path, dict(self.headers.items()), body)
                payload = reply.body.encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, *_):
                pass  # A caller that went away is the caller's business.

        self._http = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def answer(self, path: str, headers: dict, body: str) -> Reply:
        matched = INVOKE.match(path)
        name = matched.group(1) if matched else path
        self.calls.append((name, body, {key.lower(): value for key, value in headers.items()}))
        function = self.functions.get(name)
        return function(body) if function else NOT_FOUND

    def called(self, name: str) -> list:
        """The bodies with which a function was called."""
        return [body for called, body, _ in self.calls if called == name]

    def close(self):
        self._http.shutdown()
        self._http.server_close()
