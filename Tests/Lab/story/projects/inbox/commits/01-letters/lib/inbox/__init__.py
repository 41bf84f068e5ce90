"""Files letters."""
