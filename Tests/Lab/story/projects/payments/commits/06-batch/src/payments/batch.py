"""Books a file of orders beside the running service: `python3 -m payments.batch LEDGER ORDERS`."""

import sys

from payments.store import Store


def book(store, lines):
    """One `ACCOUNT AMOUNT` a line; the answer is how many were booked."""
    booked = 0
    for line in lines:
        account, amount = line.split()
        store.pay(account, int(amount))
        booked += 1
    return booked


if __name__ == "__main__":
    with open(sys.argv[2], encoding="ascii") as orders:
        print(book(Store(sys.argv[1]), orders))
