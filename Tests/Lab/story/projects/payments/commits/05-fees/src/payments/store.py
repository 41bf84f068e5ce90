"""Accounts and their payments in one SQLite file."""

import sqlite3

from payments import fees

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    account TEXT PRIMARY KEY, balance INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS payments (
    account TEXT NOT NULL, number INTEGER NOT NULL, amount INTEGER NOT NULL, fee INTEGER NOT NULL,
    PRIMARY KEY (account, number));
"""


class Store:
    def __init__(self, path, fee=fees.standard):
        self.path = path
        self.fee = fee
        with sqlite3.connect(path) as db:
            db.executescript(SCHEMA)

    def state(self, db, account):
        """The balance and the number of payments."""
        balance = db.execute("SELECT balance FROM accounts WHERE account = ?", (account,)).fetchone()
        number = db.execute("SELECT max(number) FROM payments WHERE account = ?", (account,)).fetchone()
        return (balance or (0,))[0], number[0] or 0

    def balance(self, account):
        with sqlite3.connect(self.path) as db:
            return self.state(db, account)[0]

    def pay(self, account, amount):
        """Books a payment less its fee; the answer is the new balance."""
        with sqlite3.connect(self.path, isolation_level="IMMEDIATE") as db:
            db.execute("BEGIN IMMEDIATE")
            balance, number = self.state(db, account)
            fee = self.fee(amount)
            db.execute("REPLACE INTO accounts VALUES (?, ?)", (account, balance + amount - fee))
            db.execute("INSERT INTO payments VALUES (?, ?, ?, ?)", (account, number + 1, amount, fee))
            return balance + amount - fee
