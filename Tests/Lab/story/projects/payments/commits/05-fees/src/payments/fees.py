"""What booking a payment costs, in cents."""

FREE_UP_TO = 10_000


def standard(amount):
    """0.2 % of what is above the free amount, at least one cent."""
    if amount <= FREE_UP_TO:
        return 0
    return max(1, (amount - FREE_UP_TO) * 2 // 1000)
