/**
 * Shows whether algorithms learn. Runs recipes/arithmetic.ts with each algorithm and seed, and a control whose rewards
 * are dealt out at random. Prints a line for each run, then the table of docs/algorithms.md.
 *
 *   node dist/bench/learning.js --seeds 1,2,3 --algorithms grpo,dapo,dr_grpo,gspo,rloo,ppo,control --threads 1
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lastValueFrom } from 'rxjs';
import arithmetic from '../recipes/arithmetic.ts';
import control from '../recipes/arithmetic-control.ts';
import ppo from '../recipes/arithmetic-ppo.ts';
import { accuracyText, percent } from '../src/cli/terminal/format.ts';
import { type EvalResult, train } from '../src/index.ts';
import type { RecipeInput } from '../src/recipe/recipe.ts';

const withLoss = (name: NonNullable<NonNullable<RecipeInput['algorithm']>['name']>): RecipeInput => ({
  ...arithmetic,
  algorithm: { name },
});

const recipes: Readonly<Record<string, RecipeInput>> = {
  grpo: arithmetic,
  dapo: withLoss('dapo'),
  dr_grpo: withLoss('dr_grpo'),
  gspo: withLoss('gspo'),
  rloo: withLoss('rloo'),
  ppo,
  control,
};

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    algorithms: { type: 'string', default: Object.keys(recipes).join() },
    threads: { type: 'string', default: '1' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'learning-'));
const runtime = { threads: Number(values.threads) };
const seeds = values.seeds.split(',').map(Number);
const rows: string[] = [];
for (const name of values.algorithms.split(',')) {
  const recipe = recipes[name];
  if (recipe === undefined) throw new Error(`no algorithm ${name}: choose of ${Object.keys(recipes).join()}`);
  const outcomes: { readonly before: EvalResult; readonly after: EvalResult }[] = [];
  for (const seed of seeds) {
    const start = performance.now();
    const end = await lastValueFrom(
      train({ ...recipe, seed, runtime }, { out: join(folder, `${name}-${seed}`) }),
    );
    if (end.type !== 'done') throw new Error(`${name}, seed ${seed}, ended with ${end.type}`);
    outcomes.push(end);
    const seconds = (performance.now() - start) / 1000;
    console.log(
      JSON.stringify({ name, seed, before: end.before.accuracy, after: end.after.accuracy, seconds }),
    );
  }
  const mean = outcomes.reduce((sum, { after }) => sum + after.accuracy, 0) / outcomes.length;
  const cells = [
    accuracyText(outcomes[0]!.before),
    ...outcomes.map(({ after }) => accuracyText(after)),
    percent(mean),
  ];
  rows.push(`| ${name} | ${cells.join(' | ')} |`);
}
rmSync(folder, { recursive: true });
const head = ['algorithm', 'before', ...seeds.map((seed) => `seed ${seed}`), 'mean after'];
console.log(['', `| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows].join('\n'));
