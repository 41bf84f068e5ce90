"""The HTTP side: POST /pay {account, amount}, GET /balance/ID, /healthz, /metrics."""

import http.server
import json
import re
import sys

BODY_MAX = 4096
ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def log(priority, text):
    """One line with syslog's priority in front, as journald reads it."""
    print(f"<{priority}>{text}", file=sys.stderr, flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/healthz":
            self.answer(200, {"ok": True}, counted=False)
        elif self.path == "/metrics":
            self.answer_text(200, self.server.metrics.text())
        elif self.path.startswith("/balance/"):
            account = self.path.removeprefix("/balance/")
            self.answer(200, {"account": account, "balance": self.server.store.balance(account)})
        else:
            self.answer(404, {"error": f"there is no {self.path}"})

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        if length > BODY_MAX:
            self.close_connection = True
            return self.answer(413, {"error": f"a body has at most {BODY_MAX} bytes"})
        body = self.rfile.read(length)
        if self.path != "/pay":
            return self.answer(404, {"error": f"there is no {self.path}"})
        try:
            order = json.loads(body)
            account, amount = order["account"], order["amount"]
        except (ValueError, KeyError, TypeError):
            return self.answer(400, {"error": "expected {account, amount}"})
        if not isinstance(account, str) or not ACCOUNT.fullmatch(account):
            log(4, f"refused a payment to {account!r}: not an account")
            return self.answer(400, {"error": "not an account"})
        if not isinstance(amount, int) or amount <= 0:
            return self.answer(400, {"error": "an amount is a positive number of cents"})
        try:
            balance = self.server.store.pay(account, amount)
        except Exception as error:
            log(3, f"payment of {amount} to {account} failed: {type(error).__name__}: {error}")
            return self.answer(500, {"error": "not booked"})
        self.answer(200, {"account": account, "balance": balance})

    def answer(self, code, value, counted=True):
        if counted:
            self.server.metrics.count(code)
        self.answer_text(code, json.dumps(value) + "\n", "application/json")

    def answer_text(self, code, text, kind="text/plain; version=0.0.4"):
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Requests are counted, not logged."""


class Service(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, store, metrics):
        super().__init__(address, Handler)
        self.store, self.metrics = store, metrics
