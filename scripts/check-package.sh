#!/usr/bin/env bash
# Installs the packed package in an empty project, as a user would. Runs a recipe with a custom reward by the command,
# trains by the API, and compiles recipes against the shipped types.
set -euo pipefail
cd "$(dirname "$0")/.."
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT

npm pack --silent --ignore-scripts --pack-destination "$project" > /dev/null
cd "$project"
echo 'onnxruntime-node-install=skip' > .npmrc
echo '{ "name": "consumer", "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund --omit=optional ./anneal-*.tgz
npm install --silent --no-audit --no-fund --save-dev typescript@7.0.2 @types/node@20

cat > recipe.ts <<'RECIPE'
import { defineRecipe } from 'anneal';
import { arithmetic } from 'anneal/envs';

export default defineRecipe({
  name: 'short',
  model: 'tiny',
  env: arithmetic(),
  rewards: [{ reward: ({ completions }) => completions.map((text) => (text.length <= 8 ? 1 : 0)) }],
  optimizer: { lr: 1e-3 },
  steps: 2,
  eval: { every: 0, tasks: 8 },
});
RECIPE
cat > api.mjs <<'API'
import { loadModel, train } from 'anneal';
import { lastValueFrom } from 'rxjs';
import { arithmetic } from 'anneal/envs';
import { exactNumber } from 'anneal/rewards';

const recipe = { name: 'api', model: 'tiny', env: arithmetic(), rewards: [{ reward: exactNumber() }], optimizer: { lr: 1e-3 }, steps: 1, eval: { every: 0, tasks: 8 } };
const last = await lastValueFrom(train(recipe, { out: 'runs/api' }));
if (last.type !== 'done') throw new Error(`the run ended with ${last.type}`);
const model = await loadModel(last.merged);
const [completion] = await model.generate({ prompts: ['36-2*8='], temperature: 0, maxNewTokens: 16 });
if (!/^\d/.test(completion.text)) throw new Error(`the merged model says ${JSON.stringify(completion.text)}`);
await model.dispose();
API

cat > wrong.ts <<'WRONG'
import { defineRecipe } from 'anneal';
import arithmetic from 'anneal/recipes/arithmetic';

// @ts-expect-error: with the shipped types a misspelt field does not compile
export default defineRecipe({ ...arithmetic, optimiser: { lr: 1e-3 } });
WRONG

npx anneal run recipe.ts --out runs/cli
node api.mjs
npx anneal report runs/cli runs/api --out both.html
grep -q '<script type="application/json" id="data">' both.html
# --skipLibCheck: tfjs-core brings WebGPU types that clash with TypeScript's own.
npx tsc --noEmit --strict --skipLibCheck --module nodenext --target es2022 --types node recipe.ts wrong.ts
echo 'package: installs, runs and type-checks in an empty project'
