#!/usr/bin/env bash
# Checks `anneal serve` on a real model against what others wrote: compatcanary and llm-comply, whose failures
# docs/serving.md explains, and lm-evaluation-harness, whose log-likelihoods through the server must be those of
# transformers on the same weights. Fails by the last alone.
#
#   bash scripts/check-serving.sh models/SmolLM2-135M-Instruct
#
# VENV is a Python environment with lm_eval[api] 0.4.13, llm-comply 0.5.0, torch and transformers.
set -euo pipefail
cd "$(dirname "$0")/.."
model=${1:?name a model folder}
port=${PORT:-8399}
url=http://127.0.0.1:$port
work=$(mktemp -d)
npm run --silent build
node dist/src/cli/main.js serve "$model" --model-name served --port "$port" --max-tokens 24 &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
until curl --silent --fail --output /dev/null "$url/health"; do kill -0 $server && sleep 0.5; done

npx --yes compatcanary@0.2.2 scan --base-url "$url/v1" --model served --api-key none --fail-on never
"$VENV/bin/llm-comply" --format openai-chat -u "$url/v1" -k none -m served || true

export OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1
evaluate() { "$VENV/bin/lm_eval" run --tasks capitals --include_path test/interop/serving --log_samples "$@"; }
node dist/src/cli/main.js export "$model" --out "$work/model"
served="model=served,base_url=$url/v1/completions,tokenizer=$work/model,num_concurrent=2,tokenized_requests=True"
evaluate --model local-completions --model_args "$served" --output_path "$work/ours"
evaluate --model hf --model_args "pretrained=$work/model,dtype=float32" --device cpu --output_path "$work/theirs"
"$VENV/bin/python" test/interop/serving/compare.py "$work/ours" "$work/theirs"
