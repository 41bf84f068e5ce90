import json
import pathlib
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

from payments.metrics import Metrics
from payments.service import Service
from payments.store import Store


class ServiceTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        store = Store(pathlib.Path(folder.name) / "payments.sqlite")
        self.service = Service(("127.0.0.1", 0), store, Metrics())
        thread = threading.Thread(target=self.service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.service.server_close)
        self.addCleanup(self.service.shutdown)

    def ask(self, path, order=None):
        url = f"http://127.0.0.1:{self.service.server_address[1]}{path}"
        body = None if order is None else json.dumps(order).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def test_a_payment_changes_the_balance(self):
        self.assertEqual(self.ask("/pay", {"account": "alma", "amount": 250})[0], 200)
        self.assertEqual(json.loads(self.ask("/balance/alma")[1]), {"account": "alma", "balance": 250})

    def test_bad_orders_are_refused(self):
        for order in [{}, [], {"account": "alma"}, {"account": "alma", "amount": -1}, {"account": "a b", "amount": 1}]:
            self.assertEqual(self.ask("/pay", order)[0], 400, order)

    def test_an_unknown_path(self):
        self.assertEqual(self.ask("/nothing")[0], 404)

    def test_health_is_not_counted(self):
        self.assertEqual(self.ask("/healthz")[0], 200)
        self.assertNotIn("code=", self.ask("/metrics")[1])

    def test_what_cannot_be_booked_is_counted(self):
        def broken(account, amount):
            raise ValueError("no")

        self.service.store.pay = broken
        self.assertEqual(self.ask("/pay", {"account": "alma", "amount": 250})[0], 500)
        self.assertIn("http_5xx_total 1\n", self.ask("/metrics")[1])
