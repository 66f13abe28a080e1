#!/usr/bin/env bash
# Checks that what we write, PEFT, transformers and llama.cpp read alike: for a tiny random model of every family the
# adapter, the merged folder and every export, by logits. Prints a table; fails above the limits of
# test/interop/compare.py.
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
npm run --silent build
"$VENV/bin/python" -W ignore -B test/interop/make_models.py "$work/models" "$@"
node test/interop/ours.mjs "$work/models"
"$VENV/bin/python" -W ignore -B test/interop/compare.py "$work/models"
