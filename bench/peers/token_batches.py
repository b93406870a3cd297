"""What `ingot train` reads and draws, again: the token file, framed texts, held-out texts, batches and their order."""
import json

import numpy as np

SPLIT, SHUFFLE = 1, 2  # streams of engine/base/rng.h
POOL_BATCHES = 50
INNER_TOKEN = -2


class Rng:
    """engine/base/rng.h: Philox4x32-10 in blocks of four words."""

    def __init__(self, seed, stream):
        self.seed, self.stream, self.position = seed, stream, 0

    def words(self, n):
        """The next n words; n and the position are multiples of 2."""
        first, last = self.position // 4, (self.position + n + 3) // 4
        blocks = np.arange(first, last, dtype=np.uint64)
        mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
        counter = [blocks & mask, blocks >> shift, np.full_like(blocks, self.stream & 0xFFFFFFFF),
                   np.full_like(blocks, self.stream >> 32)]
        k0, k1 = self.seed & 0xFFFFFFFF, self.seed >> 32
        for _ in range(10):
            a, b = np.uint64(0xD2511F53) * counter[0], np.uint64(0xCD9E8D57) * counter[2]
            counter = [(b >> shift) ^ counter[1] ^ np.uint64(k0), b & mask, (a >> shift) ^ counter[3] ^ np.uint64(k1),
                       a & mask]
            k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
        words = np.stack(counter, 1).reshape(-1)[self.position - 4 * first:][:n]
        self.position += n
        return words

    def shuffle(self, items):
        """Fisher-Yates in place, from the end on. ingot draws again what would bias: once in 2^40 shuffles."""
        if len(items) < 2:
            return
        words = self.words(2 * (len(items) - 1))
        bounds = np.arange(len(items), 1, -1, dtype=np.uint64)
        for i, j in zip(range(len(items) - 1, 0, -1), ((words[0::2] << np.uint64(32) | words[1::2]) % bounds).tolist()):
            items[i], items[j] = items[j], items[i]


class Part:
    """Texts of the token file, framed: ids, token types and answers of each, truncated to the length."""

    def __init__(self, ids, tags, offsets, labels, second, numbers):
        self.ids, self.tags, self.offsets, self.labels = ids, tags, offsets, labels
        self.second, self.numbers = second, numbers

    def __len__(self):
        return len(self.labels)

    def frame(self, i, options):
        """[(ids, types, tags)] of a text: two of a pair that is kept apart."""
        cls, sep, length = options["cls"], options["sep"], options["length"]

        def kept(tokens, room=length - 2):
            """data/batches.cc: the first tokens, or the first and the last half of the room."""
            tail = room // 2 if options.get("truncation", "head") == "head-tail" and len(tokens) > room else 0
            return tokens[:room - tail] + tokens[len(tokens) - tail:]

        ids = self.ids[self.offsets[i]:self.offsets[i + 1]].tolist()
        if self.second is None:
            ids = [cls, *kept(ids), sep]
            tags = None
            if self.tags is not None:
                tags = self.tags[self.offsets[i]:self.offsets[i + 1]].tolist()
                tags = [INNER_TOKEN, *kept(tags), INNER_TOKEN]
            return [(ids, [0] * len(ids), tags)]
        split = len(ids) - self.second[i]
        a, b = ids[:split], ids[split:]
        if options["apart"]:
            return [([cls, *kept(x), sep], [0] * (min(len(x), length - 2) + 2), None) for x in (a, b)]
        n, m = sizes_of_pair(len(a), len(b), length - 3)
        return [([cls, *kept(a, n), sep, *kept(b, m), sep], [0] * (n + 2) + [1] * (m + 1), None)]


def sizes_of_pair(first, second, room):
    """data/batches.cc: the longer text gives way."""
    if first + second <= room:
        return first, second
    half = room // 2
    rest = room - half
    if first <= second:
        return (first, room - first) if first <= half else (half, rest)
    return (room - second, second) if second <= half else (rest, half)


def read_tokens(path):
    """bert/tokenizers/token_file.h. Returns train, test, unlabelled and validation part."""
    data = np.fromfile(path, np.uint8)
    trailer = data[-128:]
    words = trailer.view(np.uint64)
    if trailer[:8].tobytes() != b"itokens3":
        sys.exit(f"{path}: is no token file of this version of ingot")
    n_texts, n_ids = (words[i:i + 4].astype(int) for i in (3, 7))
    answers, has_pairs = trailer[104:112].view(np.uint32)
    n_numbers, has_tags, at = int(words[14]), answers == 4, 0

    def take(n, kind):
        nonlocal at
        n_bytes = int(n) * np.dtype(kind).itemsize
        section = data[at:at + n_bytes].view(kind)
        at += -(-n_bytes // 32) * 32
        return section
    ids = [take(n, np.int32) for n in n_ids]
    tags = [take(n, np.int32) if has_tags else None for n in n_ids]
    parts = []
    for i, n in enumerate(n_texts):
        offsets, labels = take(n + 1, np.uint64).astype(np.int64), take(n, np.int32)
        take(n, np.uint64)  # hashes
        second = take(n, np.uint32).astype(np.int64) if has_pairs else None
        parts.append(Part(ids[i], tags[i], offsets, labels, second, take(n * n_numbers, np.float32).reshape(n, n_numbers)))
    return parts


def framed_length(part, i, options):
    """Subset::lengths of bert/train/classification.cc."""
    n, length = int(part.offsets[i + 1] - part.offsets[i]), options["length"]
    if part.second is None:
        return min(length, n + 2)
    second = int(part.second[i])
    if options["apart"]:
        return min(length, n - second + 2) + min(length, second + 2)
    return min(length, n + 3)


def hold_out(labels, n_validation, seed):
    """data/batches.cc: indices to train on and to validate by, the same share of each label."""
    groups = [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]
    shares = [n_validation * len(group) // len(labels) for group in groups]
    remainders = [-(n_validation * len(group) % len(labels)) for group in groups]
    for i in np.argsort(remainders, kind="stable")[:n_validation - sum(shares)]:
        shares[i] += 1
    rng, train, validation = Rng(seed, SPLIT), [], []
    for group, share in zip(groups, shares):
        rng.shuffle(group)
        validation += group[:share]
        train += group[share:]
    return sorted(train), sorted(validation)


def training_order(lengths, size, seed, epoch):
    """data/batches.cc: batches of texts of similar length in random order."""
    rng = Rng(seed, SHUFFLE | epoch << 32)
    order = list(range(len(lengths)))
    rng.shuffle(order)
    n_full = len(order) - len(order) % size
    begin = 0
    while begin < n_full:
        left = n_full - begin
        pool = left if left // size <= POOL_BATCHES else POOL_BATCHES * size
        order[begin:begin + pool] = sorted(order[begin:begin + pool], key=lengths.__getitem__)
        begin += pool
    batches = [order[i:i + size] for i in range(0, n_full, size)]
    rng.shuffle(batches)
    return batches + ([order[n_full:]] if n_full < len(order) else [])
