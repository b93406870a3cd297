"""tokenizer.json of Unigram and BPE against the tokenizers library: its own files, and those that ingot writes of a model."""
import base64
import json
import re
import unicodedata

import tokenizers
from tokenizers import Regex, models, normalizers, pre_tokenizers, processors, trainers

from compare import Refused, ids_of
from formats.sentencepiece import model_of
from texts import WORDS, text_of

PEER = "tokenizers"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
N_TEXTS = 40  # of one tokenizer


def table_of(reader, home, texts, rng):
    """The precompiled table of a SentencePiece model, or None."""
    (home / "table.model").write_bytes(model_of(texts, rng, plain=True)[0])
    steps = json.loads(reader.ask("write_tokenizer_json", home / "table.model")["json"])["normalizer"]["normalizers"]
    return next((base64.b64decode(step["precompiled_charsmap"]) for step in steps if step["type"] == "Precompiled"), None)


def of_library(texts, rng, table):
    """A tokenizer that the library trains, with the normalisers that ingot knows and some that it does not."""
    sentences = texts + [" ".join(rng.choice(WORDS) for _ in range(6)) for _ in range(40)]
    for token in SPECIAL:
        sentences = [sentence.replace(token, "").replace("\0", "") for sentence in sentences]
    is_bpe = rng.random() < 0.2
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token="[UNK]", fuse_unk=True) if is_bpe else models.Unigram())
    ends = rng.choice([normalizers.Strip(), normalizers.Replace(Regex("^ +| +$"), ""), normalizers.Replace(Regex(r"\A +| +\z"), "")])
    steps = [ends, normalizers.Replace(Regex(" {2,}"), " ")]
    if table is not None:
        steps.insert(0, normalizers.Precompiled(table))
    elif rng.random() < 0.1:
        steps.insert(0, rng.choice([normalizers.NFKC(), normalizers.Lowercase(), normalizers.Nmt()]))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=rng.choice(["always", "first"]))
    if rng.random() < 0.3:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
        steps = steps[:-2]
    tokenizer.normalizer = normalizers.Sequence(steps)
    trainer = trainers.BpeTrainer if is_bpe else trainers.UnigramTrainer
    more = {} if is_bpe else {"unk_token": "[UNK]"}
    tokenizer.train_from_iterator(sentences, trainer(vocab_size=rng.choice([300, 600]), special_tokens=SPECIAL, show_progress=False, **more))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[(t, tokenizer.token_to_id(t)) for t in ("[CLS]", "[SEP]")])
    return tokenizer


def score_of(tokenizer, ids):
    """The sum of the scores of the pieces, by the vocabulary; of BPE none."""
    vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
    return sum(vocabulary[i][1] for i in ids) if isinstance(vocabulary, list) else None


REFUSALS = [("whitespace", "ends words or lines"), ("merges", "are not those of a SentencePiece model"), ("normalisers", "is not supported with the model"), ("settings", "cannot be written as tokenizer.json")]


def without_special(text):
    for token in SPECIAL:
        text = text.replace(token, " ")
    return text


def without_clusters(text):
    """Without what may be one cluster with the character before it."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Mn", "Mc", "Me", "Cf", "Sk") and c != "\r" and not "\u1100" <= c <= "\u11ff")


# What one side takes for something else, each with a text that lacks it.
STEPS = [("special tokens in a text", without_special), ("U+0085", lambda text: text.replace("\x85", "")),
         ("U+2581", lambda text: text.replace("\u2581", "")), ("clusters", without_clusters),
         ("first", lambda text: re.sub(r"^[\s\0-\x1f]+", "", text))]


def is_tie(tokenizer, ours, theirs):
    joined = ["".join(map(tokenizer.id_to_token, ids)) for ids in (ours, theirs)]
    scores = [score_of(tokenizer, ids) for ids in (ours, theirs)]
    return scores[0] is not None and joined[0] == joined[1] and abs(scores[0] - scores[1]) <= 1e-6 * abs(scores[1])


def difference(tokenizer, encode, text, ours, theirs):
    """`encode`: what ingot makes of another text."""
    if isinstance(ours, Refused):
        return next((key for key, sentence in REFUSALS if sentence in ours.why), None)
    if is_tie(tokenizer, ours, theirs):
        return "ties"
    for key, step in STEPS:
        if step(text) == text:
            continue
        text = step(text)
        ours, theirs = encode(text), tokenizer.encode(text, add_special_tokens=False).ids
        if ours == theirs or is_tie(tokenizer, ours, theirs):
            return key
    return None


def compare_batch(comparison, reader, home, texts, rng):
    home.mkdir()
    if rng.random() < 0.5:
        table = table_of(reader, home, texts, rng) if rng.random() < 0.9 else None
        tokenizer, path = of_library(texts, rng, table), home / "tokenizer.json"
        tokenizer.save(str(path))
    else:
        model, _ = model_of(texts, rng, plain=rng.random() < 0.8)
        path = home / "tokenizer.model"
        path.write_bytes(model)
        written = reader.ask("write_tokenizer_json", path)
        if isinstance(written, Refused) or "fault" in written:
            comparison.add(path, written, [], lambda o, t: False, lambda o, t: difference(None, None, "", o, t))
            return
        tokenizer = tokenizers.Tokenizer.from_str(written["json"])

    def encode(texts):
        (home / "texts.json").write_text(json.dumps({"tokenizer": str(path), "texts": texts}))
        return ids_of(reader.ask("texts", home / "texts.json"), len(texts))

    for text, ours in zip(texts, encode(texts)):
        (home / "kept.json").write_text(json.dumps([text, tokenizer.to_str()]))
        theirs = tokenizer.encode(text, add_special_tokens=False).ids
        comparison.add(home / "kept.json", ours, theirs, lambda o, t: o == t,
                       lambda o, t: difference(tokenizer, lambda other: encode([other])[0], text, o, t))


def compare(comparison, reader, folder, rng, n):
    for i in range(0, n, N_TEXTS):
        texts = [text_of(rng) for _ in range(min(N_TEXTS, n - i))]
        compare_batch(comparison, reader, folder / str(i), texts, rng)
