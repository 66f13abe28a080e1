import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import type { EvalRow } from '../../src/evaluation/evaluate-greedy.ts';
import { evaluateModel } from '../../src/evaluation/evaluate-model.ts';
import { train } from '../../src/index.ts';
import { parseRecipe, type RecipeInput } from '../../src/recipe/recipe.ts';
import type { Environment, RewardFunction, TrainEvent } from '../../src/types.ts';
import { anneal } from '../cli/command-line.ts';
import { lines } from '../pipeline/run.ts';
import { letter, modelFolder, newPath, textOf } from './model-folder.ts';
import { openTinyRecipe, tinyRecipe } from './tiny-policy.ts';
import { userMessage } from './toy-environment.ts';

// A model whose files name different end tokens: config.json 10, generation_config.json 140 and 38, the tokenizer 31,
// the chat template 44. Each ends some of its greedy answers.

const ENDS = [10, 140, 38, 31, 44];
const TURN = '<turn>';

function folderOf(chatTemplate: string | undefined): string {
  const folder = modelFolder({ eosTokenIds: [31] });
  const change = (file: string, to: (json: Record<string, unknown>) => object) => {
    const path = join(folder, file);
    writeFileSync(path, JSON.stringify(to(JSON.parse(readFileSync(path, 'utf8')))));
  };
  change('config.json', (json) => ({ ...json, eos_token_id: 10 }));
  change('generation_config.json', (json) => ({ ...json, eos_token_id: [140, 38] }));
  change('tokenizer.json', (json) => {
    const { added_tokens, model } = json as {
      added_tokens: { content: string }[];
      model: { vocab: Record<string, number> };
    };
    const { [letter(44)]: _, ...vocab } = model.vocab;
    const turn = { ...added_tokens[0], id: 44, content: TURN };
    return {
      ...json,
      added_tokens: [...added_tokens, turn],
      model: { ...model, vocab: { ...vocab, [TURN]: 44 } },
    };
  });
  if (chatTemplate !== undefined) writeFileSync(join(folder, 'chat_template.jinja'), chatTemplate);
  return folder;
}

/** Ends a turn with a letter and the mark, as templates that write a new line before it. */
const TEMPLATE = `{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}${letter(9)}${TURN}{% endif %}{% endfor %}`;

const env: Environment = {
  name: 'letters',
  async *tasks() {
    for (let i = 0; i < 24; i++) yield { id: String(i), ids: [60 + i, 100 - i, 70 + ((i * 7) % 50)] };
  },
  prompt: (task) => userMessage(textOf(task.ids as number[])),
  target: () => textOf([90, 91]),
};

/** Right are answers that end early: what ends them decides the accuracy. */
const brief: RewardFunction = ({ completionIds }) => completionIds.map((ids) => (ids.length < 5 ? 1 : 0));

const recipeOf = (model: string): RecipeInput =>
  tinyRecipe(model, {
    env,
    rewards: [{ reward: brief }],
    method: 'lora',
    steps: 2,
    sampling: { maxNewTokens: 8 },
    eval: { tasks: 24 },
  });

const DIFFER = `end tokens differ: config.json 10 ("${letter(10)}"); generation_config.json 140 ("${letter(140)}"), 38 ("${letter(38)}"); the tokenizer 31 ("<end>"); the chat template 44 ("<turn>"). Completions stop at all of them`;

describe('a run on a model whose files name different end tokens', () => {
  const model = folderOf(TEMPLATE);
  const recipe = recipeOf(model);
  const out = join(newPath(), 'run');
  let events: TrainEvent[];
  beforeAll(async () => {
    events = await lastValueFrom(train(recipe, { out }).pipe(toArray()));
  });

  test('says so at its start, once', () => {
    const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings.filter((message) => message.startsWith('end tokens differ'))).toEqual([DIFFER]);
    expect(events.findIndex(({ type }) => type === 'warning')).toBeLessThan(
      events.findIndex(({ type }) => type === 'eval'),
    );
  });

  test('finds the accuracy that the loaded models have, before and after', async () => {
    const done = events.at(-1)!;
    if (done.type !== 'done') throw new Error(done.type);
    const evaluated = async (source: string) => {
      const loaded = await loadModel(source, { engine: parseRecipe(recipe).runtime });
      try {
        return await evaluateModel(recipe, { model: loaded });
      } finally {
        await loaded.dispose();
      }
    };
    const before = await evaluated(model);
    expect(before.result).toEqual(done.before);
    expect(done.before.accuracy).toBeGreaterThan(0);
    expect(done.before.accuracy).toBeLessThan(1);
    const after = await evaluated(join(out, 'merged'));
    expect(after.result).toEqual(done.after);
    const heldOut = (await lines(out, 'held-out.jsonl')) as unknown as EvalRow[];
    expect(after.rows.map(({ tokenIds }) => tokenIds)).toEqual(heldOut.map(({ tokenIds }) => tokenIds));
  });
});

test('a completion of the policy stops at every end token that a file names, and nowhere else', async () => {
  const { policy, recipe } = await openTinyRecipe(parseRecipe(recipeOf(folderOf(TEMPLATE))));
  const requests = Array.from({ length: 24 }, (_, i) => ({
    task: { id: String(i) },
    messages: userMessage(textOf([60 + i, 100 - i])),
  }));
  const options = { ...recipe.sampling, groupSize: 8, temperature: 2, seed: 5 };
  const rollouts = await policy.snapshot().sample(requests, options);
  const last = new Set<number>();
  for (const { tokenIds, finishReason } of rollouts) {
    const end = tokenIds.findIndex((id) => ENDS.includes(id));
    expect(end).toBe(finishReason === 'eos' ? tokenIds.length - 1 : -1);
    if (end >= 0) last.add(tokenIds[end]!);
  }
  expect(last).toEqual(new Set(ENDS));
});

describe('what supervised fine-tuning teaches ends', () => {
  const taught = async (template: string | undefined, change: (folder: string) => void = () => {}) => {
    const folder = folderOf(template);
    change(folder);
    const { policy } = await openTinyRecipe(parseRecipe({ ...recipeOf(folder), objective: 'sft' }));
    const messages = userMessage(textOf([60, 61]));
    return policy.snapshot().encodeExample({ task: { id: 'a' }, messages, target: textOf([90, 91]) })
      .tokenIds;
  };
  /** A folder whose tokenizer names no end token. */
  const nameless = (folder: string) => writeFileSync(join(folder, 'tokenizer_config.json'), '{}');

  test('as the chat template ends a turn, with all its tokens', async () => {
    expect(await taught(TEMPLATE)).toEqual([90, 91, 9, 44]);
  });

  test('with the tokenizer’s end token where there is no template', async () => {
    expect(await taught(undefined)).toEqual([90, 91, 31]);
  });

  test('with the first of the config’s where nothing else names any', async () => {
    expect(await taught(undefined, nameless)).toEqual([90, 91, 10]);
  });
});

test('a dry run says that the end tokens differ', async () => {
  const folder = newPath();
  const file = `${folder}.mjs`;
  const fields = `name: 'ends', model: ${JSON.stringify(folderOf(TEMPLATE))}, steps: 1, optimizer: { lr: 1e-3 }`;
  const letters = `{ name: 'letters', async *tasks() { yield { id: 'a' }; }, prompt: () => [{ role: 'user', content: '${textOf([60])}' }] }`;
  writeFileSync(file, `export default { ${fields}, env: ${letters}, rewards: [{ reward: () => [] }] };\n`);
  const { out, err } = await anneal(['run', file, '--dry-run']);
  expect(err).toEqual([]);
  expect(out).toContain(`warning: ${DIFFER}`);
});
