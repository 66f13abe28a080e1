"""The peers' half of check-interop: python compare.py FOLDER [family...]

Loads what ours.mjs wrote with PEFT, transformers and llama.cpp, compares logits, greedy tokens and token ids, prints a
table, and exits with 1 when a difference is above its limit.
"""

import json
import sys
from pathlib import Path

import llama_cpp
import numpy as np
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers import logging as transformers_logging

sys.path.insert(0, str(Path(__file__).parent))
from interop_families import FAMILIES, SIZES  # noqa: E402

# Logits have a standard deviation near 2. The peers differ from us by rounding, so the limits are of the largest
# difference of a logit. llama.cpp looks GELU (Gemma's) up in a table of float16, and multiplies 16-bit and 8-bit weights
# with activations rounded to the same type, where we compute in float32: of those the root of the mean square counts.
LIMITS = {"peft": 2e-4, "transformers": 2e-4, "readback": 1e-5,
          "llama.cpp f32": 5e-4, "llama.cpp f32 gelu": 1e-2,
          "llama.cpp f16": 2e-2, "llama.cpp bf16": 0.15, "llama.cpp q8_0": 0.5}

rows = []


def note(family, what, found, limit):
    """Prints a row: a difference against its limit (None: for information), or a fault, empty where there is none."""
    rows.append((family, what, found, limit))
    value = found if isinstance(found, str) else f"{found:.1e}"
    bound = "" if not limit else f"≤ {limit:g}"
    print(f"{'ok  ' if passed(found, limit) else 'FAIL'} {family:15} {what:42} {value or 'same':10} {bound}", flush=True)


def logits_of(path, shape):
    """[B, T, V], with fewer tokens than the ids have where the file's model has fewer positions."""
    return np.fromfile(f"{path}.f32", dtype=np.float32).reshape(shape[0], -1, shape[2])


def reference(path):
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager")
    return model.eval()


@torch.no_grad()
def forward(model, ids):
    return model(input_ids=torch.tensor(ids)).logits.float().numpy()


def greedy_fault(found, ours, limit):
    """Empty where the tokens are equal up to a tie closer than what the logits may differ by."""
    for token, expected, gap in zip(found, ours["tokens"], ours["gaps"]):
        if token != expected:
            return "" if gap < 2 * limit else f"greedy {token}, not {expected} (gap {gap:.2g})"
    return ""


def check_python(family, place, inputs, ours, shape):
    ids = inputs["ids"]
    for objective in ["rl", "sft"]:
        adapted = logits_of(place / f"adapter-{objective}", shape)
        model = PeftModel.from_pretrained(reference(place / "base"), place / f"run-{objective}" / "adapter").eval()
        note(family, f"adapter ({objective}) in PEFT", np.abs(forward(model, ids) - adapted).max(), LIMITS["peft"])
        plain = forward(reference(place / "base"), ids)
        note(family, f"the adapter ({objective}) moved logits by", np.abs(plain - adapted).max(), None)
        merged = forward(reference(place / f"run-{objective}" / "merged"), ids)
        note(family, f"merged ({objective}) in transformers", np.abs(merged - adapted).max(), LIMITS["transformers"])
    for what in ["command-hf-bf16", "command-f16", "command-q8_0"]:
        if what in ours:
            note(family, f"{what} as from the library", "" if ours[what] else "other bytes", "")
    if ours.get("peft") == "written":
        model = PeftModel.from_pretrained(reference(place / "base"), place / "peft").eval()
        adapted = logits_of(place / "adapter-rl", shape)
        note(family, "export peft in PEFT", np.abs(forward(model, ids) - adapted).max(), LIMITS["peft"])
    for name in ["hf-f32", "hf-bf16", "hf-f16"]:
        if ours[name] != "written":
            continue
        model = reference(place / name)
        difference = np.abs(forward(model, ids) - logits_of(place / name, shape)).max()
        note(family, f"export {name} in transformers", difference, LIMITS["transformers"])
        texts = AutoTokenizer.from_pretrained(place / name)
        same = all(texts.encode(each["text"], add_special_tokens=False) == each["ids"] for each in inputs["texts"])
        note(family, f"token ids of {name}", "" if same else "differ", "")
    if ours["hf-f32"] == "written":
        model = reference(place / "hf-f32")
        out = model.generate(torch.tensor(ids[:1]), do_sample=False, max_new_tokens=inputs["greedy"], eos_token_id=None)
        note(family, "greedy of hf-f32 in transformers",
             greedy_fault(out[0, len(ids[0]):].tolist(), ours["greedy"], LIMITS["transformers"]), "")


def check_llama(family, place, inputs, ours, shape):
    for dtype in ["f32", "f16", "bf16", "q8_0"]:
        name = f"{dtype}.gguf"
        refused = FAMILIES[family].get("gguf") == "refused"
        if ours[name] != "written" or refused:
            fault = "" if refused and ours[name] != "written" else ours[name]
            note(family, f"export {name}{' is refused' if refused else ''}", fault, "")
            continue
        window = FAMILIES[family].get("gguf") == "window"
        gelu = " gelu" if dtype == "f32" and family.startswith("gemma") else ""
        limit = LIMITS[f"llama.cpp {dtype}{gelu}"]
        read = logits_of(place / name, shape)
        if dtype == "f32":
            merged = logits_of(place / "merged-rl", shape)[:, : read.shape[1]]
            note(family, "f32.gguf read back", np.abs(read - merged).max(), LIMITS["readback"])
            positions = "" if (read.shape[1] < shape[1]) == window else str(read.shape[1])
            note(family, "positions of the GGUF", positions, "")
        model = llama_cpp.Llama(str(place / name), n_ctx=256, n_batch=256, logits_all=True, n_threads=1, verbose=False,
                                type_k=llama_cpp.GGML_TYPE_F32, type_v=llama_cpp.GGML_TYPE_F32)
        differences = []
        for row, expected in zip(inputs["ids"], read):
            model.reset()
            model.eval(row[: len(expected)])
            differences.append(np.array(model.scores[: len(expected)]) - expected)
        largest, mean = np.abs(differences).max(), np.sqrt(np.mean(np.square(differences)))
        note(family, f"{name} in llama.cpp", largest if dtype == "f32" else mean, limit)
        if dtype in ["f32", "f16"] and not window:
            fault = greedy_fault(greedy(model, inputs), ours["greedy"], limit)
            note(family, f"greedy of {name} in llama.cpp", fault, "")
        same = all(model.tokenize(each["text"].encode(), add_bos=False, special=False) == each["ids"]
                   for each in inputs["texts"])
        note(family, f"token ids of {name}", "" if same else "differ", "")
        model.close()


def greedy(model, inputs):
    model.reset()
    row = list(inputs["ids"][0])
    model.eval(row)
    found = []
    for _ in range(inputs["greedy"]):
        found.append(int(np.argmax(model.scores[model.n_tokens - 1])))
        model.eval(found[-1:])
    return found


def passed(found, limit):
    if limit is None:
        return True
    return found == limit if isinstance(limit, str) else found <= limit


def main(folder, named):
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    torch.set_num_threads(1)
    inputs = json.loads((folder / "inputs.json").read_text())
    shape = (len(inputs["ids"]), len(inputs["ids"][0]), SIZES["vocab_size"])
    for family in named or FAMILIES:
        place = folder / family
        if not (place / "ours.json").exists():
            continue
        ours = json.loads((place / "ours.json").read_text())
        for peers, check in [("PEFT and transformers", check_python), ("llama.cpp", check_llama)]:
            try:
                check(family, place, inputs, ours, shape)
            except Exception as error:  # a peer that refuses a file of ours, in whatever way
                note(family, peers, f"{type(error).__name__}: {error}", "")
    failed = sum(not passed(found, limit) for _, _, found, limit in rows)
    print(f"{len(rows) - failed} of {len(rows)} passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
