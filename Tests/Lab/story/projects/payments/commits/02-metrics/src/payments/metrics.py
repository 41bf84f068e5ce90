"""What the service counts, in Prometheus' text format."""

import collections
import threading


class Metrics:
    def __init__(self):
        self.lock = threading.Lock()
        self.by_code = collections.Counter()

    def count(self, code):
        with self.lock:
            self.by_code[code] += 1

    def text(self):
        with self.lock:
            counts = sorted(self.by_code.items())
        failed = sum(count for code, count in counts if code >= 500)
        lines = ["# TYPE http_requests_total counter"]
        lines += [f'http_requests_total{{code="{code}"}} {count}' for code, count in counts]
        lines += ["# TYPE http_5xx_total counter", f"http_5xx_total {failed}"]
        return "\n".join(lines) + "\n"
