"""Writes the base models of check-interop: python make_models.py FOLDER [family...]

Random weights as test/fixtures/own/models has them; a byte-level tokenizer of 320 tokens, trained on this repository's
README, beside each.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "test/fixtures/own/models")]

from record import fill, load_class  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: E402

from interop_families import FAMILIES, SIZES  # noqa: E402

TEXTS = ["The quick brown fox jumps over the lazy dog.",
         "Zwölf Boxkämpfer jagen 1234 Füchse,\nquer über den Deich! 🦊",
         "def f(x):\n    return x ** 2  # it's so\n", "  leading and   inner spaces \t and tabs"]


def tokenizer():
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=SIZES["vocab_size"], special_tokens=["<pad>", "<bos>", "<eos>"],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    core.train_from_iterator([(ROOT / "README.md").read_text()], trainer)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", bos_token="<bos>",
                                                eos_token="<eos>")


def main(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    shared = tokenizer()
    for number, (name, spec) in enumerate(FAMILIES.items()):
        if names and name not in names:
            continue
        cls = getattr(transformers, f"{spec['family']}Config")
        model = load_class(spec)(cls(**{**SIZES, **json.loads(json.dumps(spec["config"]))}))
        fill(model, spec["family"], seed=7000 + number)
        model.save_pretrained(folder / name / "base")
        shared.save_pretrained(folder / name / "base")
    texts = [dict(text=text, ids=shared.encode(text, add_special_tokens=False)) for text in TEXTS]
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(3, SIZES["vocab_size"], (2, 24), generator=generator).tolist()
    (folder / "inputs.json").write_text(json.dumps(dict(ids=ids, greedy=16, texts=texts)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
