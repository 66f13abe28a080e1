"""Loads the adapters of export-adapters.mjs with PEFT and compares their logits: python check-adapters.py OUT

Also merges each, and reads each as vLLM's PEFTHelper does: one rank and one alpha from adapter_config.json for every
module. Prints the greatest differences; exits 1 when one is above the tolerance.
"""

import json
import math
import os
import sys
import warnings

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

TOLERANCE = 2e-4
warnings.filterwarnings("ignore")


def load_base(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def logits_of(model, case):
    with torch.no_grad():
        return model(
            input_ids=torch.tensor(case["inputIds"]), attention_mask=torch.tensor(case["attentionMask"])
        ).logits


def difference(ours, theirs, case):
    real = torch.tensor(case["attentionMask"]).bool()
    return (ours[real] - theirs[real]).abs().max().item()


def served(base, folder):
    """The base with W + alpha/r·B·A for each pair in the file, whatever its module: what vLLM computes."""
    config = json.load(open(os.path.join(folder, "adapter_config.json")))
    assert config["bias"] == "none" and config["modules_to_save"] is None and not config.get("alpha_pattern")
    scaling = config["lora_alpha"] / (math.sqrt(config["r"]) if config["use_rslora"] else config["r"])
    tensors = load_file(os.path.join(folder, "adapter_model.safetensors"))
    for name, a in tensors.items():
        if not name.endswith(".lora_A.weight"):
            continue
        assert a.shape[0] == config["r"], f"{name} has rank {a.shape[0]}, not {config['r']}"
        path = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        weight = base.get_submodule(path).weight
        weight.data += scaling * tensors[name.replace("lora_A", "lora_B")] @ a
    return base


def main(out):
    worst = 0
    for name in sorted(os.listdir(out)):
        folder = os.path.join(out, name)
        case = json.load(open(os.path.join(folder, "case.json")))
        adapter = os.path.join(folder, "adapter")
        config = json.load(open(os.path.join(adapter, "adapter_config.json")))
        ours = load_file(os.path.join(folder, "ours.safetensors"))["logits"]
        model = PeftModel.from_pretrained(load_base(case["base"]), adapter)
        found = {"PEFT": difference(ours, logits_of(model, case), case)}
        effect = difference(ours, logits_of(load_base(case["base"]), case), case)
        assert effect > 0.01, f"{name} changes nothing"
        if not any("no bias" in note or "lora_bias" in note or "DoRA" in note for note in case["notes"]):
            found["merged by PEFT"] = difference(ours, logits_of(model.merge_and_unload(), case), case)
            found["as vLLM reads it"] = difference(ours, logits_of(served(load_base(case["base"]), adapter), case), case)
        worst = max(worst, *found.values())
        shown = ", ".join(f"{what} {value:.1e}" for what, value in found.items())
        notes = f" ({'; '.join(case['notes'])})" if case["notes"] else ""
        print(f"{name}: rank {config['r']}, effect {effect:.2f}; max |Δlogit|: {shown}{notes}")
    print(f"largest difference {worst:.1e}, allowed {TOLERANCE}")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
