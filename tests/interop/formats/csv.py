"""Files of comma-separated values, also with ; | and tabs, against Python's csv module."""
from tables import compare_tables

PEER = "csv"


def compare(comparison, reader, folder, rng, n):
    compare_tables(comparison, reader, folder, rng, n, ".csv")
