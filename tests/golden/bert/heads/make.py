#!/usr/bin/env python3
"""Small models of each task by Hugging Face transformers, with a batch and what comes of it. Writes beside this file:

    python3 -m venv V && V/bin/pip install torch transformers safetensors && V/bin/python tests/golden/bert/heads/make.py

For each task a folder with config.json and model.safetensors as transformers writes them and reference.safetensors: the
batch (input_ids, attention_mask, token_type_ids, labels), logits, loss, grad.NAME of every parameter. No dropout.

Padding follows the texts, as everywhere. Token labels of -100 do not count. The embedding has no class in
transformers: its encoder is a BertModel, its vectors are means over the tokens that are no padding, divided by their
length, and its loss is that of sentence-transformers' MultipleNegativesRankingLoss(scale=20), which is written down
below; rows 2 i and 2 i + 1 are a pair. `logits` are the means before the division.
"""
import json
import pathlib

import torch
import transformers
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification, BertModel

HERE = pathlib.Path(__file__).resolve().parent
LENGTHS = (9, 5, 12, 3, 7, 10)
CLS, SEP = 2, 3


def config(**settings):
    return BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
                      max_position_embeddings=16, initializer_range=0.3, hidden_dropout_prob=0.0,
                      attention_probs_dropout_prob=0.0, **settings)


def batch(pairs):
    """Padded texts, or pairs of texts whose second halves have the token type 1."""
    rows, length = len(LENGTHS), max(LENGTHS)
    ids, mask, types = (torch.zeros(rows, length, dtype=torch.int64) for _ in range(3))
    for row, n in enumerate(LENGTHS):
        ids[row, :n] = torch.randint(4, 40, (n,))
        ids[row, 0], ids[row, n - 1] = CLS, SEP
        mask[row, :n] = 1
        if pairs and n > 4:
            ids[row, n // 2] = SEP
            types[row, n // 2 + 1:n] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def randomize(model):
    """Biases and norms are 0 and 1 in a new model: errors in them would not show."""
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or "LayerNorm" in name:
            parameter.data += 0.2 * torch.randn_like(parameter)


def ranking_loss(vectors):
    a, b = (torch.nn.functional.normalize(part, p=2, dim=1) for part in (vectors[0::2], vectors[1::2]))
    scores = a @ b.T * 20.0
    return torch.nn.functional.cross_entropy(scores, torch.arange(len(scores)))


def embed(model, inputs):
    hidden = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1).float()
    vectors = (hidden * mask).sum(1) / mask.sum(1)
    return vectors, ranking_loss(vectors)


def classify(model, inputs):
    output = model(**inputs)
    return output.logits, output.loss


def write(task, seed, make, labels, answer=classify, pairs=False, settings=None):
    torch.manual_seed(seed)
    model = make().eval()
    randomize(model)
    inputs = batch(pairs)
    if labels is not None:
        inputs["labels"] = labels(inputs)
    logits, loss = answer(model, inputs)
    loss.backward()
    folder = HERE / task
    model.save_pretrained(folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | (settings or {}), indent=2, sort_keys=True) + "\n")
    tensors = dict(inputs, logits=logits, loss=loss.reshape(1))
    # A parameter without a part in the loss (the pooler of an embedding) has no gradient.
    tensors |= {"grad." + name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, folder / "reference.safetensors",
              {"torch": torch.__version__, "transformers": transformers.__version__})


def word_labels(inputs):
    labels = torch.randint(0, 4, inputs["input_ids"].shape)
    labels[inputs["attention_mask"] == 0] = -100
    labels[:, 0] = -100
    return torch.where(torch.rand(labels.shape) < 0.3, -100, labels)


def main():
    rows = len(LENGTHS)
    write("pairs", 1, lambda: BertForSequenceClassification(config(num_labels=2)),
          lambda _: torch.randint(0, 2, (rows,)), pairs=True)
    write("regression", 2, lambda: BertForSequenceClassification(config(num_labels=1)), lambda _: 3 * torch.randn(rows))
    write("several-numbers", 3, lambda: BertForSequenceClassification(config(num_labels=3, problem_type="regression")),
          lambda _: 3 * torch.randn(rows, 3))
    write("multi-label", 4,
          lambda: BertForSequenceClassification(config(num_labels=5, problem_type="multi_label_classification")),
          lambda _: torch.randint(0, 2, (rows, 5)).float(), pairs=True)
    write("tokens", 5, lambda: BertForTokenClassification(config(num_labels=4)), word_labels)
    write("embedding", 6, lambda: BertModel(config(), add_pooling_layer=False), None, answer=embed,
          settings={"ingot_head": "sentence_embedding", "ingot_pooling": "mean"})


if __name__ == "__main__":
    main()
