"""Measurements too long for CI; `make evidence` runs them, whole and in release."""
