"""Compares the samples of two runs of lm-evaluation-harness: log-likelihoods to 1e-4, and which answers are greedy."""

import glob
import json
import sys


def samples(folder):
    [file] = glob.glob(f"{folder}/**/samples*.jsonl", recursive=True)
    with open(file) as lines:
        rows = [json.loads(line) for line in lines]
    return {row["doc_id"]: row["filtered_resps"] for row in rows}


ours, theirs = (samples(folder) for folder in sys.argv[1:3])
assert ours.keys() == theirs.keys()
pairs = [pair for key in ours for pair in zip(ours[key], theirs[key], strict=True)]
worst = max(abs(float(a[0]) - float(b[0])) for a, b in pairs)
greedy = sum(str(a[1]) == str(b[1]) for a, b in pairs)
print(f"lm_eval: {len(pairs)} answers, max |Δ log-likelihood| {worst:.2e} (allowed 1e-4), greedy alike {greedy}")
sys.exit(0 if worst <= 1e-4 and greedy == len(pairs) else 1)
