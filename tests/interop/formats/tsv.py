"""Files with tabs, whose writers quote or do not, against Python's csv module."""
from tables import compare_tables

PEER = "csv"


def compare(comparison, reader, folder, rng, n):
    compare_tables(comparison, reader, folder, rng, n, ".tsv")
