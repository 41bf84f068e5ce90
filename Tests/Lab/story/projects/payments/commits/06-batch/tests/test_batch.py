import pathlib
import tempfile
import unittest

from payments.batch import book
from payments.store import Store


class BatchTests(unittest.TestCase):
    def test_every_order_is_booked(self):
        with tempfile.TemporaryDirectory() as folder:
            store = Store(pathlib.Path(folder) / "payments.sqlite")
            self.assertEqual(book(store, ["alma 250\n", "bo 40\n", "alma 10\n"]), 3)
            self.assertEqual(store.balance("alma"), 260)
            self.assertEqual(store.balance("bo"), 40)
