"""zip against Python's zipfile."""
from archives import compare_files

PEER = "zipfile"


def compare(comparison, reader, folder, rng, n):
    compare_files(comparison, reader, folder, rng, n, "zip", ".zip")
