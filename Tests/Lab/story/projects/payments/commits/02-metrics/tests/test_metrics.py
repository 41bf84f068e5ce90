import unittest

from payments.metrics import Metrics


class MetricsTests(unittest.TestCase):
    def test_nothing_yet(self):
        self.assertIn("http_5xx_total 0\n", Metrics().text())

    def test_counts_by_code(self):
        metrics = Metrics()
        for code in [200, 200, 500, 404, 503]:
            metrics.count(code)
        text = metrics.text()
        self.assertIn('http_requests_total{code="200"} 2\n', text)
        self.assertIn('http_requests_total{code="404"} 1\n', text)
        self.assertIn("http_5xx_total 2\n", text)
