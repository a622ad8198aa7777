"""What one client asked a server, and what it was told: recorded on the way, and played to another.

While it records, requests are passed on as they are, signature and all. While it plays, the same
requests in the same order get the very same answers, so that what the clients print can be compared
byte by byte though no server says the same twice. A request that was not recorded is refused.
"""

import contextlib
import dataclasses
import http.client
import http.server
import json
import threading
import urllib.parse

# What a client says in its head that the server goes by.
HEADERS = ("x-amz-target", "content-type")
SECONDS_MAX = 75
NOT_RECORDED = b'{"__type":"NotRecordedFault","message":"nobody asked this before"}'


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: tuple
    signed: bool
    # JSON with its members in order, so that texts can be compared.
    body: str

    @classmethod
    def read(cls, handler, body: bytes) -> "Request":
        headers = tuple(handler.headers.get(name) for name in HEADERS)
        text = json.dumps(json.loads(body), sort_keys=True, ensure_ascii=False)
        signed = "Authorization" in handler.headers
        return cls(handler.command, handler.path, headers, signed, text)


class Tape:
    """A server that records or plays; `requests` are those of the last command line."""

    def __init__(self, url: str | None):
        """`url` is where requests are passed on to."""
        self._target = urllib.parse.urlsplit(url).netloc if url else None
        self._answers = []
        self._playing = False
        self.requests = []
        tape = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                tape._serve(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()

    def record(self):
        """Begins a tape."""
        self._answers, self.requests, self._playing = [], [], False

    def play(self):
        """Rewinds it."""
        self.requests, self._playing = [], True

    def load(self, answers: list):
        """Takes answers that nobody recorded: status, head and body. They are for any requests."""
        self._answers = [(None, *answer) for answer in answers]

    def _serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        request = Request.read(handler, body)
        self.requests.append(request)
        status, head, answer = self._find(request) if self._playing else self._pass(handler, body)
        if not self._playing:
            self._answers.append((request, status, head, answer))
        handler.send_response_only(status)
        for name, value in head:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(answer)
        handler.close_connection = True

    def _find(self, request: Request):
        at = len(self.requests) - 1
        if at < len(self._answers):
            recorded, *answer = self._answers[at]
            if recorded is None or recorded == request:
                return answer
        return 400, [("Content-Type", "application/x-amz-json-1.0")], NOT_RECORDED

    def _pass(self, handler, body: bytes):
        connection = http.client.HTTPConnection(self._target, timeout=SECONDS_MAX)
        try:
            connection.putrequest(
                handler.command, handler.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in handler.headers.items():
                if name.lower() != "connection":
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        ours = ("content-length", "connection", "transfer-encoding")
        head = [pair for pair in response.getheaders() if pair[0].lower() not in ours]
        return response.status, head, answer
