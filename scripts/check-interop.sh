#!/usr/bin/env bash
# Checks that what we write, PEFT, transformers and llama.cpp read alike: for a tiny random model of every family the
# adapter, the merged folder and every export, by logits. Prints a table; fails above the limits of
# test/interop/compare.py. With families named, only theirs; without, also adapters of every kind and the hub's cache.
#
#   bash scripts/check-interop.sh [family…]
#
# VENV is a Python environment to use (a new one takes some GB and minutes: llama.cpp is compiled), WORK a folder to
# keep the files in.
set -euo pipefail
cd "$(dirname "$0")/.."
work=${WORK:-$(mktemp -d)}
[ -n "${WORK:-}" ] || trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1

if [ -z "${VENV:-}" ]; then
  VENV=$work/venv
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet -r test/interop/requirements.txt
fi
python=("$VENV/bin/python" -W ignore -B)
npm run --silent build
failed=0
"${python[@]}" test/interop/make_models.py "$work/models" "$@"
node test/interop/ours.mjs "$work/models"
"${python[@]}" test/interop/compare.py "$work/models" || failed=1
if [ $# = 0 ]; then
  # Adapters of every kind by PEFT and as vLLM reads them; the hub's cache by huggingface_hub.
  node test/interop/peft/export-adapters.mjs "$work/adapters"
  "${python[@]}" test/interop/peft/check-adapters.py "$work/adapters" || failed=1
  "${python[@]}" test/interop/hub_cache.py || failed=1
fi
exit $failed
