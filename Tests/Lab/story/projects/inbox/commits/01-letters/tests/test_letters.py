import unittest

from inbox.letters import Letters


class LetterTests(unittest.TestCase):
    def setUp(self):
        self.letters = Letters(":memory:")
        self.addCleanup(self.letters.db.close)
        self.letters.add("alma", "Your order")
        self.letters.add("bo", "Rent for May")
        self.letters.add("alma", "The rent, again")

    def test_letters_of_a_person(self):
        self.assertEqual(self.letters.of("alma"), ["Your order", "The rent, again"])
        self.assertEqual(self.letters.of("nobody"), [])
