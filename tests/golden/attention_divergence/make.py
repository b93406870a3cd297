#!/usr/bin/env python3
"""tests/golden/attention_divergence/make.py > tests/golden/attention_divergence/cases.json: losses and gradients by PyTorch."""
import json
import math

import torch

LENGTHS = [3, 1, 6]


def attention(query, key, n_heads):
    """[heads, queries, keys] of one sequence."""
    q, k = (x.view(len(x), n_heads, -1).transpose(0, 1) for x in (query, key))
    return torch.softmax(q @ k.transpose(1, 2) / math.sqrt(q.shape[-1]), dim=-1)


def divergence(student, teacher, n_groups):
    total = 0
    begin = 0
    for length in LENGTHS:
        rows = slice(begin, begin + length)
        begin += length
        own, other = (attention(q[rows], k[rows], n).view(n_groups, -1, length, length).mean(1)
                      for q, k, n in (student, teacher))
        total = total + torch.nn.functional.kl_div(own.log(), other, reduction="sum")
    return total / (n_groups * sum(LENGTHS))


def main():
    torch.manual_seed(1)
    cases = []
    for n_student, n_teacher, n_groups in [(2, 2, 2), (2, 4, 2), (4, 2, 2), (3, 2, 1)]:
        query, key = (torch.randn(sum(LENGTHS), 4 * n_student, requires_grad=True) for _ in range(2))
        teacher = [torch.randn(sum(LENGTHS), 6 * n_teacher) for _ in range(2)]
        loss = divergence((query, key, n_student), (*teacher, n_teacher), n_groups)
        loss.backward()
        cases.append({"student_heads": n_student, "teacher_heads": n_teacher, "loss": loss.item(),
                      **{name: t.flatten().tolist() for name, t in
                         {"query": query.detach(), "key": key.detach(), "teacher_query": teacher[0],
                          "teacher_key": teacher[1], "d_query": query.grad, "d_key": key.grad}.items()}})
    print(json.dumps({"torch": torch.__version__, "lengths": LENGTHS, "cases": cases}))


main()
