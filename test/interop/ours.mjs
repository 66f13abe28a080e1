// Our half of check-interop: node ours.mjs FOLDER [family…]
//
// Of each model in the folder (FAMILY/base) it trains an adapter in two steps of GRPO and of SFT, saves the adapted model
// in every format, and writes the logits that we compute of the given ids: of the adapter over its base, and of every
// export read back. FAMILY/ours.json says what was written; FAMILY/NAME.f32 has logits [B, T, V].
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** Formats of the export, and the name of each in the folder. Shards of 40 kB make several of any model here. */
const forms = [
  ['hf', 'f32', 'hf-f32', { shardBytes: 40_000 }],
  ['hf', 'bf16', 'hf-bf16'],
  ['hf', 'f16', 'hf-f16'],
  ...['f32', 'f16', 'bf16', 'q8_0'].map((dtype) => ['gguf', dtype, `${dtype}.gguf`]),
];
/** Families whose exports come from the command line too; a process each costs time. */
const byCommand = ['llama', 'phi3'];

async function check(family) {
  const place = (name) => join(folder, family, name);
  const base = place('base');
  const outcome = {};
  for (const objective of ['rl', 'sft']) {
    const run = place(`run-${objective}`);
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
  await withModel(base, async (model) => {
    const adapted = await model.withAdapter(join(place('run-rl'), 'adapter'));
    for (const [format, dtype, name, more] of forms)
      outcome[name] = await attempt(() => adapted.save(place(name), { format, dtype, ...more }));
    await adapted.dispose();
  });
  for (const [, , name] of forms)
    if (outcome[name] === 'written') await withModel(place(name), (model) => write(model, place(name)));
  if (byCommand.includes(family)) byCommandLine(place, outcome);
  writeFileSync(place('ours.json'), JSON.stringify(outcome));
}

/** The same by `anneal export`: the files must be the same, byte for byte, but for the folder with shards. */
function byCommandLine(place, outcome) {
  const adapter = ['export', join(place('run-rl'), 'adapter'), '--model', place('base')];
  const run = (options) => execFileSync(process.execPath, [cli, ...adapter, ...options], { stdio: 'pipe' });
  run(['--format', 'peft', '--out', place('peft')]);
  outcome.peft = 'written';
  for (const dtype of ['f16', 'q8_0']) {
    const out = place(`command-${dtype}.gguf`);
    run(['--format', 'gguf', '--dtype', dtype, '--out', out]);
    outcome[`command-${dtype}`] = readFileSync(out).equals(readFileSync(place(`${dtype}.gguf`)));
  }
  run(['--dtype', 'bf16', '--out', place('command-hf-bf16')]);
  const weights = (folder) => readFileSync(join(place(folder), 'model.safetensors'));
  outcome['command-hf-bf16'] = weights('command-hf-bf16').equals(weights('hf-bf16'));
}

/** 'written', or the line with which it is refused. */
async function attempt(save) {
  try {
    await save();
    return 'written';
  } catch (error) {
    if (error.name !== 'InputError' && error.name !== 'RefusedError') throw error;
    return error.message;
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

/** Logits of the rows, cut to the model's positions: a GGUF of a model with a window ends where the window does. */
async function write(model, path) {
  const inputIds = ids.map((row) => row.slice(0, model.config.maxPositionEmbeddings));
  const { data } = await model.logits({ inputIds, attentionMask: inputIds.map((row) => row.map(() => 1)) });
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

const named = process.argv.slice(3);
for (const family of named.length > 0 ? named : readdirSync(folder)) {
  if (!existsSync(join(folder, family, 'base'))) continue;
  console.error(`ours: ${family}`);
  await check(family);
}
