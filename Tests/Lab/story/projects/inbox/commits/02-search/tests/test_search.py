import unittest

from inbox.letters import Letters


class SearchTests(unittest.TestCase):
    def test_letters_about_words(self):
        letters = Letters(":memory:")
        self.addCleanup(letters.db.close)
        letters.add("alma", "Your order")
        letters.add("bo", "Rent for May")
        letters.add("alma", "The rent, again")
        self.assertEqual(letters.about("rent"), [("bo", "Rent for May"), ("alma", "The rent, again")])
        self.assertEqual(letters.about("nothing"), [])
