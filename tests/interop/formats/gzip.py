"""gzip against Python's gzip."""
from archives import compare_files

PEER = "gzip"


def compare(comparison, reader, folder, rng, n):
    compare_files(comparison, reader, folder, rng, n, "gzip", ".gz")
