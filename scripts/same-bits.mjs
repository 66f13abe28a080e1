// Says whether two commits train alike: `node scripts/same-bits.mjs REF` builds REF in a folder of its own, runs four
// recipes for 20 steps there and here, and compares their metrics.jsonl number by number, but for times and counts of
// compiled programs.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const [ref] = process.argv.slice(2);
if (ref === undefined) {
  console.error('usage: node scripts/same-bits.mjs REF, such as HEAD~1');
  process.exit(2);
}

// One thread: before ScatterElements came in, gradients of embeddings varied with more.
const settings = ['--set', 'steps=20', '--set', 'runtime.threads=1'];
const recipes = {
  arithmetic: ['recipes/arithmetic.ts'],
  'arithmetic-ppo': ['recipes/arithmetic-ppo.ts'],
  'arithmetic (sft)': ['recipes/arithmetic.ts', '--set', 'objective=sft'],
  'pretrain-tiny': ['recipes/pretrain-tiny.ts'],
};
/** What differs between two runs of one commit. */
const unrepeatable = ['step_time', 'tokens_per_second', 'compilations'];

const folder = mkdtempSync(join(tmpdir(), 'anneal-same-bits-'));
const there = join(folder, 'checkout');
must('git', ['clone', '--quiet', '--shared', here, there], folder);
must('git', ['checkout', '--quiet', ref], there);
must('npm', ['ci'], there);
must('npm', ['run', 'build'], here);

let different = 0;
for (const [name, run] of Object.entries(recipes)) {
  const [before, after] = [there, here].map((checkout) => metricsOf(checkout, name, run));
  const first = before.findIndex((line, step) => line !== after[step]);
  const same = first === -1 && before.length === after.length;
  if (!same) different++;
  const verdict = same ? `${before.length} lines equal` : `differ from step ${first}`;
  console.log(`${name}: ${verdict}`);
  if (!same) console.log(`  before ${before[first]}\n  after  ${after[first]}`);
}
rmSync(folder, { recursive: true });
console.log(
  `same-bits against ${ref}: ${Object.keys(recipes).length - different} equal, ${different} different`,
);
process.exitCode = different === 0 ? 0 : 1;

/** Lines of metrics.jsonl with sorted names and without what never repeats. */
function metricsOf(checkout, name, recipe) {
  const out = join(folder, `${checkout === here ? 'after' : 'before'} ${name}`);
  must('node', ['dist/src/cli/main.js', 'run', ...recipe, ...settings, '--out', out], checkout);
  return readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const fields = Object.entries(JSON.parse(line)).filter(([field]) => !unrepeatable.includes(field));
      return JSON.stringify(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
    });
}

function must(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  console.error(`${command} ${args.join(' ')} failed in ${cwd}:\n${stdout}${stderr}`);
  process.exit(1);
}
