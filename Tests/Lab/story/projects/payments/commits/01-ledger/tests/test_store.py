import pathlib
import tempfile
import unittest

from payments.store import Store


class StoreTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = Store(pathlib.Path(folder.name) / "payments.sqlite")

    def test_an_unknown_account_is_empty(self):
        self.assertEqual(self.store.balance("nobody"), 0)

    def test_payments_add_up(self):
        self.assertEqual(self.store.pay("alma", 250), 250)
        self.assertEqual(self.store.pay("alma", 100), 350)
        self.assertEqual(self.store.balance("alma"), 350)

    def test_accounts_are_apart(self):
        self.store.pay("alma", 250)
        self.store.pay("bo", 40)
        self.assertEqual(self.store.balance("alma"), 250)
        self.assertEqual(self.store.balance("bo"), 40)
