#!/usr/bin/env bash
# Checks that lm-evaluation-harness, asking `anneal serve` through its local-completions, measures what `anneal eval`
# measures by likelihood: each choice's log-likelihood to 1e-4, the same acc and acc_norm. The embedded model on 60 sums;
# with SMOLLM2_DIR and DATA_DIR also SmolLM2 on ROWS questions (15) of BoolQ and of OpenBookQA, through its chat template.
#
#   bash scripts/check-lm-eval.sh
#
# VENV is a Python environment to use: a new one takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 HF_HOME="$work/hub" TOKENIZERS_PARALLELISM=false

if [ -z "${VENV:-}" ]; then
  VENV=$work/venv
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet 'lm_eval[api]==0.4.13' transformers==5.23.0
fi
python=("$VENV/bin/python" -W ignore -B test/serving/lm-eval/compare.py)
[ -n "${SERVE_BUILD:-}" ] || npm run --silent build
failed=0

# Serves a model, and compares: check KIND NAME FOLDER
check() {
  local kind=$1 name=$2 folder=$3
  "${python[@]}" questions "$kind" "$work/$kind.jsonl"
  CHOICES=$work/$kind.jsonl node dist/src/cli/main.js eval test/serving/lm-eval/choices.ts --model "$folder" --json \
    > "$work/$kind.json"
  node dist/src/cli/main.js serve "$folder" --model-name "$name" --port 0 > "$work/$kind.log" &
  server=$!
  until grep -q 'listening at' "$work/$kind.log"; do
    kill -0 "$server"
    sleep 0.5
  done
  local url
  url=$(sed -n 's/^listening at \([^,]*\),.*/\1/p' "$work/$kind.log")
  "${python[@]}" compare "$work/$kind.jsonl" "$url" "$name" "$folder" "$work/$kind.json" 2> "$work/$kind.err" ||
    { tail -5 "$work/$kind.err"; failed=1; }
  kill "$server"
  wait "$server" || failed=1
  server=
}

check tiny tiny models/tiny
if [ -n "${SMOLLM2_DIR:-}" ] && [ -n "${DATA_DIR:-}" ]; then check commonsense smollm2 "$SMOLLM2_DIR"; fi
exit $failed
