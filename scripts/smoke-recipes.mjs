// Runs every recipe for a few steps, as a user would, in alphabetical order, and checks that the run succeeds. A recipe
// is skipped, and named, if its model or data is not on this machine. SMOLLM2_DIR is the folder of the real model,
// GSM8K_DIR and DATA_DIR are those of the data.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { SMOLLM2_DIR, GSM8K_DIR, DATA_DIR } = process.env;

const folder = mkdtempSync(join(tmpdir(), 'anneal-smoke-'));

/** Options of the recipes that need a model or data besides the package; undefined if this machine lacks them. */
const needs = {
  'gsm8k-smollm2':
    SMOLLM2_DIR && GSM8K_DIR
      ? [
          '--model',
          SMOLLM2_DIR,
          '--set',
          `env.path=${GSM8K_DIR}`,
          '--set',
          'eval.tasks=4',
          '--set',
          'sampling.maxNewTokens=12',
          '--set',
          'sampling.promptsPerStep=2',
          '--set',
          'sampling.groupSize=4',
        ]
      : undefined,
  'calculator-tool': SMOLLM2_DIR
    ? ['--model', SMOLLM2_DIR, '--set', 'sampling.groupSize=4', '--set', 'sampling.promptsPerStep=2']
    : undefined,
  countdown: SMOLLM2_DIR ? ['--model', SMOLLM2_DIR, '--set', 'sampling.maxNewTokens=32'] : undefined,
  'commonsense-sft':
    SMOLLM2_DIR && DATA_DIR
      ? ['--model', SMOLLM2_DIR, '--set', `env.path=${join(DATA_DIR, 'commonsense', 'openbookqa')}`]
      : undefined,
  'multiple-choice':
    SMOLLM2_DIR && DATA_DIR
      ? ['--model', SMOLLM2_DIR, '--set', `env.path=${join(DATA_DIR, 'commonsense', 'boolq')}`]
      : undefined,
  // Long enough to sort some pairs of digits: without a right answer, sorting, which starts from this model, could not
  // learn anything.
  'sorting-sft': ['--steps', '40', '--set', 'env.count=[2,2]'],
  sorting: ['--model', join(folder, 'sorting-sft', 'merged'), '--set', 'env.count=[2,2]'],
};
const small = ['--steps', '2', '--set', 'eval.tasks=8', '--set', 'eval.every=0'];

const counts = { passed: 0, failed: 0, skipped: 0 };
for (const file of readdirSync(join(root, 'recipes'))
  .filter((name) => name.endsWith('.ts'))
  .sort()) {
  const name = file.replace(/\.ts$/, '');
  if (name in needs && needs[name] === undefined) {
    console.log(
      `skipped ${name}: set SMOLLM2_DIR, GSM8K_DIR and DATA_DIR to the folders of its model and data`,
    );
    counts.skipped++;
    continue;
  }
  const command = ['dist/src/cli/main.js', 'run', `recipes/${file}`, '--out', join(folder, name)];
  const run = spawnSync(process.execPath, [...command, ...small, ...(needs[name] ?? [])], {
    cwd: root,
    encoding: 'utf8',
  });
  const passed = run.status === 0;
  counts[passed ? 'passed' : 'failed']++;
  console.log(`${passed ? 'passed' : 'FAILED'} ${name}`);
  if (!passed) console.log(run.stdout, run.stderr);
}
rmSync(folder, { recursive: true });
console.log(`recipes: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 ? 0 : 1;
