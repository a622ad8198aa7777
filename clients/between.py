"""Stands between a client and a server, so that a test can act at a known point of their talk."""

import contextlib
import http.client
import http.server
import threading
import urllib.parse


NOT_FORWARDED = ("host", "connection", "content-length")


class Between:
    """Forwards each request to `server`, wherever that is by then. Before it does, `act(operation,
    number)` is called: the number says how many requests of that operation there were before. What it
    returns, if anything, is called when the server has answered and the client has not heard of it.
    An OSError of either is the client's broken connection. The server gets what `change(operation,
    body)` makes of the body, and so must not verify signatures. It seems to lack the operations in
    `lacks`: they are forwarded under names that no server knows."""

    def __init__(self, server, act, change, lacks):
        self.server = server
        self.act = act
        self.change = change
        self.lacks = lacks
        self.counts = {}
        self.url = None

    def forward(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        operation = handler.headers.get("X-Amz-Target", "").rpartition(".")[2]
        number = self.counts.get(operation, 0)
        self.counts[operation] = number + 1
        after = self.act(operation, number)
        body = self.change(operation, body)
        place = urllib.parse.urlsplit(self.server.url)
        headers = {k.lower(): v for k, v in handler.headers.items()}
        headers = {k: v for k, v in headers.items() if k not in NOT_FORWARDED}
        if operation in self.lacks:
            headers["x-amz-target"] = "SimpleWorkflowService.Unknown"
        with contextlib.closing(http.client.HTTPConnection(place.hostname, place.port)) as there:
            there.request("POST", handler.path, body, headers)
            reply = there.getresponse()
            answer = reply.read()
        if after:
            after()
        handler.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in ("connection", "content-length", "date", "transfer-encoding"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)


@contextlib.contextmanager
def between(
    server,
    act=lambda operation, number: None,
    change=lambda operation, body: body,
    lacks=(),
):
    """One that listens."""
    passing = Between(server, act, change, lacks)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            try:
                passing.forward(self)
            except OSError:
                # The server is gone, or was made to seem so.
                self.close_connection = True

        def log_message(self, *_):
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    passing.url = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield passing
    finally:
        listening.shutdown()
        listening.server_close()
