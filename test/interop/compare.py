"""The peers' half of check-interop: python compare.py FOLDER

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

# Largest difference of a logit. Logits have a standard deviation near 2.
#
# The peers in float32 differ from us by rounding. Of a file of ours that we and a peer read, both compute in float32,
# but for llama.cpp, which multiplies 16-bit and 8-bit weights with activations rounded to the same type, and looks GELU
# (Gemma's) up in a table of float16.
LIMITS = {"peft": 2e-4, "transformers": 2e-4, "readback": 1e-5,
          "llama.cpp f32": 5e-4, "llama.cpp f32 gelu": 1e-2, "llama.cpp f16": 5e-2, "llama.cpp bf16": 0.5, "llama.cpp q8_0": 1.0}

rows = []


def note(family, what, found, limit):
    rows.append((family, what, found, limit))


def logits_of(path, shape):
    return np.fromfile(f"{path}.f32", dtype=np.float32).reshape(shape)


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
        note(family, f"export {name} in transformers", np.abs(forward(model, ids) - logits_of(place / name, shape)).max(),
             LIMITS["transformers"])
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
            fault = "" if refused and ours[name] != "written" else f"{ours[name]}"
            note(family, f"export {name}{' is refused' if refused else ''}", fault, "")
            continue
        gelu = " gelu" if dtype == "f32" and family.startswith("gemma") else ""
        limit = LIMITS[f"llama.cpp {dtype}{gelu}"]
        read = logits_of(place / name, shape)
        if dtype == "f32":
            note(family, "f32.gguf read back", np.abs(read - logits_of(place / "merged-rl", shape)).max(), LIMITS["readback"])
        model = llama_cpp.Llama(str(place / name), n_ctx=64, n_batch=64, logits_all=True, n_threads=1, verbose=False,
                                type_k=llama_cpp.GGML_TYPE_F32, type_v=llama_cpp.GGML_TYPE_F32)
        worst = 0.0
        for row, expected in zip(inputs["ids"], read):
            model.reset()
            model.eval(row)
            worst = max(worst, np.abs(np.array(model.scores[: len(row)]) - expected).max())
        note(family, f"{name} in llama.cpp", worst, limit)
        if dtype in ["f32", "f16"]:
            note(family, f"greedy of {name} in llama.cpp", greedy_fault(greedy(model, inputs), ours["greedy"], limit), "")
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


def main(folder):
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    torch.set_num_threads(1)
    inputs = json.loads((folder / "inputs.json").read_text())
    shape = (len(inputs["ids"]), len(inputs["ids"][0]), SIZES["vocab_size"])
    for family in FAMILIES:
        place = folder / family
        if not (place / "ours.json").exists():
            continue
        ours = json.loads((place / "ours.json").read_text())
        check_python(family, place, inputs, ours, shape)
        check_llama(family, place, inputs, ours, shape)
    for family, what, found, limit in rows:
        value = found if isinstance(found, str) else f"{found:.1e}"
        bound = "" if not limit else f"≤ {limit:g}"
        print(f"{'ok  ' if passed(found, limit) else 'FAIL'} {family:15} {what:42} {value or 'same':10} {bound}")
    failed = sum(not passed(found, limit) for _, _, found, limit in rows)
    print(f"{len(rows) - failed} of {len(rows)} passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
