#!/usr/bin/env bash
# Checks `anneal serve` on a real model by compatcanary and llm-comply. docs/serving.md explains what they find to fail.
#
#   bash scripts/check-serving.sh models/SmolLM2-135M-Instruct
#
# VENV is a Python environment with llm-comply 0.5.0.
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
