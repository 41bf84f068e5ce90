"""Accounts and their payments in one SQLite file."""

import sqlite3
import threading

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
        self.local = threading.local()
        self.connection().execute("PRAGMA journal_mode = WAL")
        self.connection().executescript(SCHEMA)

    def connection(self):
        """This thread's own; every statement commits by itself."""
        if not hasattr(self.local, "connection"):
            self.local.connection = sqlite3.connect(self.path, timeout=10, isolation_level=None)
            self.local.connection.execute("PRAGMA synchronous = NORMAL")
        return self.local.connection

    def state(self, account):
        """The balance and the number of payments."""
        db = self.connection()
        balance = db.execute("SELECT balance FROM accounts WHERE account = ?", (account,)).fetchone()
        number = db.execute("SELECT max(number) FROM payments WHERE account = ?", (account,)).fetchone()
        return (balance or (0,))[0], number[0] or 0

    def balance(self, account):
        return self.state(account)[0]

    def pay(self, account, amount):
        """Books a payment less its fee; the answer is the new balance."""
        db = self.connection()
        balance, number = self.state(account)
        fee = self.fee(amount)
        db.execute("REPLACE INTO accounts VALUES (?, ?)", (account, balance + amount - fee))
        db.execute("INSERT INTO payments VALUES (?, ?, ?, ?)", (account, number + 1, amount, fee))
        return balance + amount - fee
