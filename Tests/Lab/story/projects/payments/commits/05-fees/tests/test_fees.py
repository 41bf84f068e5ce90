import unittest

from payments.fees import standard


class FeeTests(unittest.TestCase):
    def test_small_payments_are_free(self):
        self.assertEqual(standard(1), 0)
        self.assertEqual(standard(10_000), 0)

    def test_larger_ones_cost(self):
        self.assertEqual(standard(10_001), 1)
        self.assertEqual(standard(60_000), 100)
