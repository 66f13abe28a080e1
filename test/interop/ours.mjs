// Our half of check-interop: node ours.mjs FOLDER
//
// Of each model in the folder (FAMILY/base) it trains an adapter in two steps of GRPO and of SFT, exports the run in every
// format by the command line, and writes the logits that we compute of the given ids: of the adapter over its base, and
// of every export read back. FAMILY/ours.json says what was written; FAMILY/NAME.f32 has logits [B, T, V].
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModel, train } from 'anneal';
import { lastValueFrom } from 'rxjs';

const folder = process.argv[2];
const cli = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const { ids, greedy, texts } = JSON.parse(readFileSync(join(folder, 'inputs.json'), 'utf8'));

/** Prompts and answers without meaning: the adapter must only move. */
const words = {
  name: 'words',
  async *tasks(split) {
    for (const [i, { text }] of texts.entries()) yield { id: `${split}${i}`, text };
  },
  prompt: ({ text }) => [{ role: 'user', content: text.slice(0, 10) }],
  target: ({ text }) => text.slice(10, 20),
};

const recipe = (model, objective) => ({
  name: 'interop',
  model,
  objective,
  method: objective === 'sft' ? 'lora' : 'afa-lora',
  adapter: { rank: 4, alpha: 16, ...(objective === 'rl' && { schedule: { fraction: 0.5 } }) },
  env: words,
  rewards: [{ reward: ({ completions }) => completions.map((text) => text.length) }],
  sampling: { groupSize: 4, promptsPerStep: 2, maxNewTokens: 8 },
  optimizer: { lr: 0.03, microBatchSize: 8 },
  steps: 2,
  eval: { every: 0, tasks: 2 },
  runtime: { threads: 1 },
});

/** Formats of the export, and the name of each in the folder. */
const forms = [
  ['hf', 'f32', 'hf-f32'],
  ['hf', 'bf16', 'hf-bf16'],
  ['hf', 'f16', 'hf-f16'],
  ['peft', 'f32', 'peft'],
  ...['f32', 'f16', 'bf16', 'q8_0'].map((dtype) => ['gguf', dtype, `${dtype}.gguf`]),
];

async function check(family) {
  const place = (name) => join(folder, family, name);
  const base = place('base');
  const outcome = {};
  for (const objective of ['rl', 'sft']) {
    const run = place(`run-${objective}`);
    rmSync(run, { recursive: true, force: true });
    const last = await lastValueFrom(train(recipe(base, objective), { out: run }));
    if (last.type !== 'done') throw new Error(`${family}: the run ended with ${last.type}`);
    await withModel(base, async (model) => {
      const adapted = await model.withAdapter(join(run, 'adapter'));
      await write(adapted, place(`adapter-${objective}`));
      if (objective === 'rl') outcome.greedy = await greedyTokens(adapted);
      await adapted.dispose();
    });
    await withModel(join(run, 'merged'), (model) => write(model, place(`merged-${objective}`)));
  }
  for (const [format, dtype, name] of forms) {
    const out = place(name);
    rmSync(out, { recursive: true, force: true });
    outcome[name] = exported(place('run-rl'), ['--format', format, '--dtype', dtype, '--out', out]);
    if (outcome[name] === 'written' && format !== 'peft')
      await withModel(out, (model) => write(model, place(name)));
  }
  writeFileSync(place('ours.json'), JSON.stringify(outcome));
}

/** 'written', or the line with which the export refuses. */
function exported(run, options) {
  try {
    execFileSync(process.execPath, [cli, 'export', run, ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
    return 'written';
  } catch (error) {
    return String(error.stderr).trim().replaceAll(/\s+/g, ' ');
  }
}

async function withModel(path, use) {
  const model = await loadModel(path, { engine: { threads: 1 } });
  try {
    await use(model);
  } finally {
    await model.dispose();
  }
}

async function write(model, path) {
  const { data } = await model.logits({ inputIds: ids, attentionMask: ids.map((row) => row.map(() => 1)) });
  writeFileSync(`${path}.f32`, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** The likeliest tokens one after the other, and by how much each was likelier than the next. */
async function greedyTokens(model) {
  const row = [...ids[0]];
  const gaps = [];
  for (let i = 0; i < greedy; i++) {
    const { data, shape } = await model.logits({ inputIds: [row], attentionMask: [row.map(() => 1)] });
    const last = data.subarray(data.length - shape[2]);
    const order = [...last.keys()].sort((a, b) => last[b] - last[a]);
    row.push(order[0]);
    gaps.push(last[order[0]] - last[order[1]]);
  }
  return { tokens: row.slice(ids[0].length), gaps };
}

for (const family of readdirSync(folder)) {
  if (!existsSync(join(folder, family, 'base'))) continue;
  console.error(`ours: ${family}`);
  await check(family);
}
