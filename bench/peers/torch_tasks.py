"""Trains in PyTorch what `ingot train` trained: the same model on the same batches, for any task.

    torch_tasks.py RUN --tokens CACHE/tokens-*.bin --out RUN/torch.json

RUN is the folder of an ingot train run: its config.toml has the options, RUN/best/config.json the sizes, the head and the
labels. --tokens is the file in which ingot keeps the ids, answers and parts of a corpus (bert/tokenizers/token_file.h);
with a cache folder for this data alone (XDG_CACHE_HOME) it is the one that is there.

The same: texts, ids, parts, the texts that are held out, the batches and their order in each epoch (both are drawn from
the seed with ingot's Philox), sizes, pooling, losses, distribution of new weights, dropout, AdamW (matrices alone decay),
clipping, schedule, choice of the best epoch by the first metric on the validation texts, scores. A run with --from
starts from the same weights, but for a new head. Other: the numbers drawn for new weights and dropout, and padding: a
batch is padded to its longest text.

Not supported: --accumulate, --eval-every, --patience, --layer-decay, --label-smoothing, --class-weights, --best-by,
--lazy-embeddings and compressed models.
"""
import argparse
import copy
import json
import math
import pathlib
import sys
import time
import tomllib

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from token_batches import framed_length, hold_out, read_tokens, training_order

UNSUPPORTED = {"accumulate": 1, "eval-every": 0, "patience": 0, "layer-decay": 1, "label-smoothing": 0,
               "class-weights": "none", "lazy-embeddings": False}


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        self.heads, self.dropout = config["num_attention_heads"], config["hidden_dropout_prob"]
        self.query, self.key, self.value, self.output = (nn.Linear(hidden, hidden) for _ in range(4))
        self.up, self.down = nn.Linear(hidden, inner), nn.Linear(inner, hidden)
        self.attention_norm, self.output_norm = (nn.LayerNorm(hidden, config["layer_norm_eps"]) for _ in range(2))

    def drop(self, x):
        return functional.dropout(x, self.dropout, self.training)

    def forward(self, x, visible):
        split = [linear(x).view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)
                 for linear in (self.query, self.key, self.value)]
        context = functional.scaled_dot_product_attention(*split, attn_mask=visible,
                                                          dropout_p=self.dropout if self.training else 0.0)
        x = self.attention_norm(x + self.drop(self.output(context.transpose(1, 2).reshape(x.shape))))
        return self.output_norm(x + self.drop(self.down(functional.gelu(self.up(x)))))


class Bert(nn.Module):
    def __init__(self, config, task, n_labels):
        super().__init__()
        hidden = config["hidden_size"]
        self.config, self.task, self.mean = config, task, config.get("ingot_pooling") == "mean"
        self.words = nn.Embedding(config["vocab_size"], hidden)
        self.positions = nn.Embedding(config["max_position_embeddings"], hidden)
        self.types = nn.Embedding(config["type_vocab_size"], hidden)
        self.norm = nn.LayerNorm(hidden, config["layer_norm_eps"])
        self.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))
        if task not in ("tokens", "embedding"):
            self.pooler = nn.Linear(hidden, hidden)
        if task != "embedding":
            self.classifier = nn.Linear(hidden, n_labels)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=config["initializer_range"])
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def drop(self, x):
        return functional.dropout(x, self.config["hidden_dropout_prob"], self.training)

    def forward(self, ids, types, mask):
        x = self.words(ids) + self.positions.weight[:ids.shape[1]] + self.types(types)
        x = self.drop(self.norm(x))
        visible = mask[:, None, None, :]
        for layer in self.layers:
            x = layer(x, visible)
        if self.task == "tokens":
            return self.classifier(self.drop(x))
        weights = mask.unsqueeze(-1).float()
        summary = (x * weights).sum(1) / weights.sum(1) if self.mean else x[:, 0]
        return summary if self.task == "embedding" else self.classifier(self.drop(torch.tanh(self.pooler(summary))))


def names(model):
    """Hugging Face's name of each parameter, without "bert." in front."""
    inside = {"query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
              "output": "attention.output.dense", "attention_norm": "attention.output.LayerNorm",
              "up": "intermediate.dense", "down": "output.dense", "output_norm": "output.LayerNorm"}
    outside = {"words": "embeddings.word_embeddings", "positions": "embeddings.position_embeddings",
               "types": "embeddings.token_type_embeddings", "norm": "embeddings.LayerNorm", "pooler": "pooler.dense"}
    for name, parameter in model.named_parameters():
        *path, kind = name.split(".")
        if path[0] == "layers":
            yield f"encoder.layer.{path[1]}.{inside[path[2]]}.{kind}", parameter
        else:
            yield f"{outside.get(path[0], path[0])}.{kind}", parameter


def read_safetensors(path):
    data = path.read_bytes()
    n = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + n])
    return {name.removeprefix("bert."): torch.tensor(np.frombuffer(data, np.float32, *count_and_place(entry, n)))
            .view(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def count_and_place(entry, n_header):
    begin, end = entry["data_offsets"]
    return (end - begin) // 4, 8 + n_header + begin


def start_from(model, folder, same_head):
    """The weights of a checkpoint; its head only if the task is the same, its pooler in any case."""
    stored = read_safetensors(folder / "model.safetensors")
    with torch.no_grad():
        for name, parameter in names(model):
            is_head = name.startswith("classifier")
            if name in stored and (same_head or not is_head):
                parameter.copy_(stored[name])


def collate(part, members, options):
    """A padded batch with its answers."""
    framed = [text for i in members for text in part.frame(i, options)]
    length = max(len(ids) for ids, _, _ in framed)
    ids, types = (np.zeros((len(framed), length), np.int64) for _ in range(2))
    mask, tags = np.zeros((len(framed), length), bool), np.full((len(framed), length), -100, np.int64)
    for row, (text, kinds, marks) in enumerate(framed):
        ids[row, :len(text)], types[row, :len(text)], mask[row, :len(text)] = text, kinds, True
        if marks is not None:
            tags[row, :len(text)] = [mark if mark >= 0 else -100 for mark in marks]
    return (*(torch.from_numpy(x) for x in (ids, types, mask)),
            {"tags": torch.from_numpy(tags), "labels": torch.from_numpy(part.labels[members].astype(np.int64)),
             "numbers": torch.from_numpy(part.numbers[members])})


def loss_of(task, outputs, answers):
    if task == "tokens":
        return functional.cross_entropy(outputs.flatten(0, 1), answers["tags"].flatten())
    if task == "multi-label":
        return functional.binary_cross_entropy_with_logits(outputs, answers["numbers"])
    if task == "regression":
        return functional.mse_loss(outputs, answers["numbers"])
    if task == "embedding":
        a, b = (functional.normalize(x, dim=1) for x in (outputs[0::2], outputs[1::2]))
        return functional.cross_entropy(20.0 * a @ b.T, torch.arange(len(a), device=a.device))
    return functional.cross_entropy(outputs, answers["labels"])


def f1_of(hits, predicted, support):
    total = predicted + support
    return 2 * hits / total if total else 0.0


def entities(tags):
    """seqeval's get_entities, lenient: an I- of another type than the tag before begins an entity."""
    found, before, first = set(), ("O", ""), 0
    for i, tag in enumerate([*tags, "O"]):
        now = (tag[0], tag[2:])
        if before[0] != "O" and (now[0] in "BO" or now[1] != before[1]):
            found.add((before[1], first, i - 1))
        if now[0] == "B" or (now[0] == "I" and (before[0] == "O" or now[1] != before[1])):
            first = i
        before = now
    return found


def ranks(values):
    order, result = np.argsort(values, kind="stable"), np.empty(len(values))
    result[order] = np.arange(1, len(values) + 1)
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.bincount(places, result) / counts)[places]


def measure(task, outputs, truths, labels):
    """Scores by name; the first is what the best epoch is chosen by. outputs and truths: of each text, as arrays."""
    if task == "embedding":
        vectors = functional.normalize(torch.from_numpy(np.concatenate(outputs)), dim=1)
        scores = vectors[0::2] @ vectors[1::2].T
        own = scores.diagonal()[:, None]
        rank = (scores > own).sum(1) + 0.5 * (scores == own).sum(1) + 0.5
        return {"recall_at_1": (rank <= 1).float().mean().item(), "recall_at_10": (rank <= 10).float().mean().item(),
                "mrr": (1 / rank).mean().item()}
    if task == "tokens":
        hits = predicted = support = right = 0
        for output, truth in zip(outputs, truths):
            guess = output.argmax(1)
            right += (guess == truth).sum()
            a, b = entities([labels[i] for i in truth]), entities([labels[i] for i in guess])
            hits, predicted, support = hits + len(a & b), predicted + len(b), support + len(a)
        return {"f1": f1_of(hits, predicted, support), "precision": hits / max(predicted, 1),
                "recall": hits / max(support, 1), "accuracy": float(right) / sum(map(len, truths))}
    outputs, truths = np.stack(outputs), np.stack(truths)
    if task == "regression":
        error = float(np.sqrt(np.mean((outputs - truths) ** 2)))
        pairs = list(zip(outputs.T.astype(float), truths.T.astype(float)))
        return {"pearson": float(np.mean([np.corrcoef(x, y)[0, 1] for x, y in pairs])),
                "spearman": float(np.mean([np.corrcoef(ranks(x), ranks(y))[0, 1] for x, y in pairs])), "rmse": error}
    if task == "multi-label":
        guess, truth = outputs > 0, truths > 0.5
        hits, predicted, support = ((x.sum(0)) for x in (guess & truth, guess, truth))
        each = [f1_of(*counts) for counts in zip(hits, predicted, support) if counts[1] + counts[2]]
        return {"micro_f1": float(f1_of(hits.sum(), predicted.sum(), support.sum())), "f1": float(np.mean(each)),
                "accuracy": float((guess == truth).all(1).mean())}
    guess = outputs.argmax(1)
    each = [f1_of(((guess == k) & (truths == k)).sum(), (guess == k).sum(), (truths == k).sum())
            for k in np.union1d(guess, truths)]
    return {"accuracy": float((guess == truths).mean()), "f1": float(np.mean(each))}


@torch.no_grad()
def evaluate(model, part, members, options, labels):
    model.eval()
    outputs, truths = {}, {}
    order = sorted(members, key=lambda i: framed_length(part, i, options))
    for begin in range(0, len(order), options["batch"]):
        batch = order[begin:begin + options["batch"]]
        ids, types, mask, answers = (x.to(options["device"]) if torch.is_tensor(x) else x
                                     for x in collate(part, batch, options))
        rows = model(ids, types, mask).float().cpu().numpy()
        for row, i in enumerate(batch):
            if model.task == "tokens":
                counts = answers["tags"][row].numpy() >= 0
                outputs[i], truths[i] = rows[row][counts], answers["tags"][row].numpy()[counts]
            elif model.task == "embedding":
                outputs[i] = rows[2 * row:2 * row + 2]
            else:
                outputs[i] = rows[row]
                truths[i] = part.labels[i] if model.task == "single-label" else part.numbers[i]
    model.train()
    return measure(model.task, [outputs[i] for i in members], [truths.get(i) for i in members], labels)


def rate_at(step, n_steps, options):
    """engine/optim/schedule.cc."""
    peak, warm_up = options["lr"], round(options["warmup"] * n_steps)
    if step < warm_up:
        return peak * (step + 1) / warm_up
    share = (n_steps - step) / max(1, n_steps - warm_up)
    return {"linear": peak * share, "cosine": peak * 0.5 * (1 + math.cos(math.pi * (1 - share))),
            "constant": peak}[options["schedule"]]


def task_of(config):
    architecture = config["architectures"][0]
    if config.get("ingot_head") == "sentence_embedding":
        return "embedding"
    if architecture == "BertForTokenClassification":
        return "tokens"
    kinds = {"multi_label_classification": "multi-label", "regression": "regression"}
    return kinds.get(config.get("problem_type"), "single-label")


def setup(run, device):
    config = json.loads((run / "best" / "config.json").read_text())
    options = tomllib.loads((run / "config.toml").read_text())
    for name, only in UNSUPPORTED.items():
        if options.get(name, only) != only:
            sys.exit(f"torch_tasks: {run}: --{name} {options[name]} is not supported")
    task = task_of(config)
    settings = json.loads((run / "best" / "tokenizer_config.json").read_text())
    options |= {"device": device, "apart": task == "embedding", "length": settings["model_max_length"],
                "labels": [name for _, name in sorted((int(i), name) for i, name in config.get("id2label", {}).items())]}
    vocabulary = run / "best" / "vocab.txt"
    options["cls"], options["sep"] = 2, 3  # of tokenizers that ingot learned
    if vocabulary.exists():
        pieces = vocabulary.read_text().splitlines()
        options["cls"], options["sep"] = pieces.index("[CLS]"), pieces.index("[SEP]")
    return task, config, options


def new_model(task, config, options, part, training):
    model = Bert(config, task, len(options["labels"]))
    folder = pathlib.Path(options["from"]) if options.get("from") else None
    same_head = False
    if folder is not None:
        folder = folder if (folder / "config.json").exists() else folder / "best"
        start = json.loads((folder / "config.json").read_text())
        same_head = task_of(start) == task and start.get("id2label") == config.get("id2label")
        start_from(model, folder, same_head)
    if task == "regression" and not same_head:
        with torch.no_grad():
            model.classifier.bias.copy_(torch.from_numpy(part.numbers[training].mean(0)))
    return model.to(options["device"])


def train(model, part, training, options, validate, say):
    decayed = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": options["weight-decay"]},
                                   {"params": vectors, "weight_decay": 0.0}], betas=(0.9, options["beta2"]), eps=1e-8)
    lengths = [framed_length(part, i, options) for i in training]
    per_epoch = -(-len(training) // options["batch"])
    n_steps = options["max-steps"] or options["epochs"] * per_epoch
    best, best_score, seconds, n_tokens, losses, curve = None, -math.inf, 0.0, 0, [], []
    batches = []
    model.train()
    for step in range(n_steps):
        begin = time.perf_counter()
        epoch, index = divmod(step, per_epoch)
        if index == 0:
            batches = training_order(lengths, options["batch"], options["seed"], epoch)
        ids, types, mask, answers = collate(part, [training[i] for i in batches[index]], options)
        answers = {name: tensor.to(options["device"]) for name, tensor in answers.items()}
        loss = loss_of(model.task, model(*(x.to(options["device"]) for x in (ids, types, mask))), answers)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if options["clip"] > 0:
            nn.utils.clip_grad_norm_(model.parameters(), options["clip"])
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, n_steps, options)
        optimizer.step()
        losses.append(loss.item())
        n_tokens += int(mask.sum())
        seconds += time.perf_counter() - begin
        if (step + 1) % 20 == 0 or step + 1 == n_steps:
            curve.append({"step": step + 1, "loss": float(np.mean(losses))})
            losses = []
        if (step + 1) % per_epoch == 0 or step + 1 == n_steps:
            scores = validate()
            score = next(iter(scores.values()))
            say(f"step {step + 1}/{n_steps}: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()))
            if score > best_score:
                best, best_score = copy.deepcopy(model.state_dict()), score
    model.load_state_dict(best)
    return {"steps": n_steps, "training_seconds": seconds, "tokens_per_second": n_tokens / seconds,
            "validation": best_score, "losses": curve}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path, help="folder of an ingot train run")
    parser.add_argument("--tokens", type=pathlib.Path, required=True, help="token file of its data and tokenizer")
    parser.add_argument("--out", type=pathlib.Path, help="JSON file to write; default: standard output")
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's default")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    task, config, options = setup(arguments.run, arguments.device)
    torch.manual_seed(options["seed"])
    part, test, _, own_validation = read_tokens(arguments.tokens)
    if len(own_validation):
        training, (held_part, held) = list(range(len(part))), (own_validation, list(range(len(own_validation))))
    else:
        wanted = options["validation"] if options["validation"] >= 0 else max(1, min(2500, len(part) // 10))
        training, held = hold_out(part.labels, wanted, options["seed"])
        held_part = part
    model = new_model(task, config, options, part, training)
    labels = options["labels"]
    result = train(model, part, training, options, lambda: evaluate(model, held_part, held, options, labels),
                   lambda line: print(line, file=sys.stderr, flush=True))
    scored, members = (test, list(range(len(test)))) if len(test) else (held_part, held)
    result |= {"task": task, "seed": options["seed"], "torch": torch.__version__, "threads": torch.get_num_threads(),
               "texts": len(training), "test": evaluate(model, scored, members, options, labels)}
    text = json.dumps(result, indent=1) + "\n"
    if arguments.out is None:
        print(text, end="")
    else:
        fresh = arguments.out.with_suffix(".part")
        fresh.write_text(text)
        fresh.replace(arguments.out)


if __name__ == "__main__":
    main()
