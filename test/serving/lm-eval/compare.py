"""Compares lm-evaluation-harness, asking `anneal serve` through local-completions, with `anneal eval` by likelihood.

    python compare.py questions tiny|commonsense FILE        writes the questions
    python compare.py compare FILE URL MODEL FOLDER OURS     asks the server; OURS is what `anneal eval --json` printed

FOLDER holds the model's tokenizer, by which the harness makes ids of its questions. Fails where a choice's
log-likelihood differs by more than 1e-4, or acc or acc_norm differ.
"""

import json
import os
import sys
import tempfile

LIMIT = 1e-4
ROWS = int(os.environ.get("ROWS", "15"))
SYSTEM = "Answer with one line: the correct answer is CHOICE"


def questions(kind, file):
    if kind == "tiny":
        with open("test/fixtures/likelihood/cases.json") as cases:
            docs = json.load(cases)["tiny"]["docs"]
    else:
        docs = []
        for name in ("boolq", "openbookqa"):
            with open(os.path.join(os.environ["DATA_DIR"], "commonsense", name, "test.jsonl")) as rows:
                for row in [json.loads(line) for line in rows][:ROWS]:
                    names = row["instruction"].split("Answer format: ")[-1].strip().split("/")
                    choices = [f"the correct answer is {each}" for each in names]
                    gold = names.index(row["answer"])
                    docs.append({"system": SYSTEM, "prompt": row["instruction"], "choices": choices, "gold": gold})
    with open(file, "w") as out:
        out.writelines(json.dumps(doc) + "\n" for doc in docs)


def harness(file, url, model, tokenizer):
    """What the harness measures by the server: acc, acc_norm and each choice's log-likelihood."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    with open(file) as rows:
        first = json.loads(next(rows))
    chat = {}
    if "system" in first:
        chat = {"apply_chat_template": True, "system_instruction": first["system"]}
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "given.yaml"), "w") as task:
            json.dump({
                "task": "given", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": file}},
                "test_split": "test", "output_type": "multiple_choice", "doc_to_text": "prompt",
                "doc_to_choice": "choices", "doc_to_target": "gold", "target_delimiter": "",
                "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
            }, task)
        arguments = {
            "model": model, "base_url": f"{url}/v1/completions", "tokenizer": tokenizer,
            "tokenizer_backend": "huggingface", "num_concurrent": 4, "max_retries": 1, "timeout": 600,
            "max_length": json.load(open(os.path.join(tokenizer, "config.json")))["max_position_embeddings"],
        }
        results = lm_eval.simple_evaluate(
            model="local-completions", model_args=arguments, tasks=["given"], batch_size=4, log_samples=True,
            task_manager=TaskManager(include_path=folder, include_defaults=False), bootstrap_iters=0, **chat,
        )
    samples = sorted(results["samples"]["given"], key=lambda sample: sample["doc_id"])
    given = results["results"]["given"]
    return {
        "acc": given["acc,none"], "acc_norm": given["acc_norm,none"],
        "logprobs": [[float(answer[0][0]) for answer in sample["resps"]] for sample in samples],
        "greedy": [[str(answer[0][1]) == "True" for answer in sample["resps"]] for sample in samples],
    }


def compare(file, url, model, tokenizer, ours):
    theirs = harness(file, url, model, tokenizer)
    with open(ours) as out:
        result = json.load(out)
    mine = [row["choiceLogprobs"] for row in result["rows"]]
    assert [len(row) for row in mine] == [len(row) for row in theirs["logprobs"]], "other questions"
    pairs = [(a, b) for row, other in zip(mine, theirs["logprobs"]) for a, b in zip(row, other)]
    worst = max(abs(a - b) for a, b in pairs)
    greedy = sum(each for row in theirs["greedy"] for each in row)
    failed = worst > LIMIT
    print(f"{model}: {len(mine)} questions, {len(pairs)} choices, {greedy} of them greedy; largest difference {worst:.1e}")
    for kind in ("acc", "acc_norm"):
        value = result["accuracies"][kind]["value"]
        print(f"{model}: {kind} {theirs[kind]:.6f} by the harness, {value:.6f} by anneal eval")
        failed = failed or abs(value - theirs[kind]) > 1e-9
    sys.exit(f"{model}: the two differ" if failed else 0)


command, *arguments = sys.argv[1:]
{"questions": questions, "compare": compare}[command](*arguments)
