"""People and the letters that came for them."""

import sqlite3


class Letters:
    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.execute("CREATE TABLE IF NOT EXISTS letters (person TEXT NOT NULL, subject TEXT NOT NULL)")

    def add(self, person, subject):
        with self.db:
            self.db.execute("INSERT INTO letters VALUES (?, ?)", (person, subject))

    def of(self, person):
        """The subjects of a person's letters, in the order of their arrival."""
        rows = self.db.execute("SELECT subject FROM letters WHERE person = ? ORDER BY rowid", (person,))
        return [subject for subject, in rows]
