"""Books payments to accounts."""
