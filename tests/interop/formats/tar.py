"""tar against Python's tarfile."""
from archives import compare_files

PEER = "tarfile"


def compare(comparison, reader, folder, rng, n):
    compare_files(comparison, reader, folder, rng, n, "tar", ".tar")
