"""SentencePiece models, trained by the package with many settings, against the package: the same ids."""
import io
import json

import sentencepiece

from compare import Refused, ids_of
from texts import WORDS, text_of

PEER = "sentencepiece"
N_TEXTS = 40  # of one model


def trained(texts, rng, plain):
    """The bytes of a model of one of the settings that its trainer has, and its type; `plain`: of those that tokenizer.json has too."""
    sentences = [text.replace("\n", " ").replace("\r", " ").replace("\0", "") for text in texts]
    sentences += [" ".join(rng.choice(WORDS) for _ in range(6)) for _ in range(60)]
    options = {
        "model_type": rng.choice(["unigram", "bpe", "bpe", "char", "word"] if rng.random() < 0.3 else ["unigram", "bpe"]),
        "normalization_rule_name": rng.choice(["nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf", "identity"]),
        "add_dummy_prefix": rng.random() < 0.8, "remove_extra_whitespaces": rng.random() < 0.8,
        "byte_fallback": rng.random() < 0.3, "treat_whitespace_as_suffix": rng.random() < 0.15,
        "split_digits": rng.random() < 0.2, "split_by_whitespace": rng.random() < 0.9,
        "character_coverage": rng.choice([1.0, 0.98, 0.9]), "vocab_size": rng.choice([300, 600, 1000]) if rng.random() < 0.9 else 2000,
    }
    if plain:
        options.update(model_type=rng.choice(["unigram", "bpe"]), add_dummy_prefix=True, remove_extra_whitespaces=True, byte_fallback=False,
                       treat_whitespace_as_suffix=False)
        if rng.random() < 0.8:
            options["normalization_rule_name"] = rng.choice(["nmt_nfkc", "nmt_nfkc_cf"])
    elif rng.random() < 0.3:
        options["user_defined_symbols"] = rng.sample(["<new>", "\u4e2d", "ab", "##"], 2)
    writer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=writer, hard_vocab_limit=False, pad_id=0, unk_id=1, bos_id=2, eos_id=3,
        pad_piece="[PAD]", unk_piece="[UNK]", bos_piece="[CLS]", eos_piece="[SEP]", control_symbols=["[MASK]"],
        num_threads=1, minloglevel=2, **options)
    return writer.getvalue(), options["model_type"]


def model_of(texts, rng, plain=False):
    """The same, by the first settings under which the trainer finds enough pieces."""
    while True:
        try:
            return trained(texts, rng, plain)
        except RuntimeError:
            continue


def difference(processor, kind, ours, theirs):
    """Whether both are cuts of one text with the same score, the sum of those of the pieces."""
    if isinstance(ours, Refused):
        return "words" if kind == "word" and "not consumed" in ours.why else None
    joined = ["".join(map(processor.id_to_piece, ids)) for ids in (ours, theirs)]
    scores = [sum(map(processor.get_score, ids)) for ids in (ours, theirs)]
    is_tie = joined[0] == joined[1] and abs(scores[0] - scores[1]) <= 1e-6 * abs(scores[1])
    return "ties" if is_tie else None


def compare(comparison, reader, folder, rng, n):
    for i in range(0, n, N_TEXTS):
        texts = [text_of(rng) for _ in range(min(N_TEXTS, n - i))]
        model, kind = model_of(texts, rng)
        home = folder / str(i)
        home.mkdir()
        (home / "tokenizer.model").write_bytes(model)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        (home / "texts.json").write_text(json.dumps({"tokenizer": str(home / "tokenizer.model"), "texts": texts}))
        for text, ours in zip(texts, ids_of(reader.ask("texts", home / "texts.json"), len(texts))):
            (home / "kept.json").write_text(json.dumps([text, model.hex()]))
            theirs = processor.encode(text)
            comparison.add(home / "kept.json", ours, theirs, lambda o, t: o == t, lambda o, t: difference(processor, kind, o, t))
