import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { latestCheckpoint } from '../../src/run/checkpoint/list-checkpoints.ts';
import { temporaryFolder } from '../pipeline/run.ts';
import { modelFolder } from '../policy/model-folder.ts';
import { expectSame } from '../policy/same-run.ts';
import { anneal, recipeFile } from './command-line.ts';
import { runProcess } from './processes.ts';

// Every process compiles the sources anew: seconds of work on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

/** A recipe whose reward, or prompt, does something once before it goes on: at step 3. */
async function recipeThat(does: string): Promise<string> {
  const file = recipeFile(await temporaryFolder(), modelFolder());
  makeIt(does, file);
  return file;
}

/** Writes into a recipe's file what it does. */
function makeIt(does: string, file: string, where: 'reward' | 'prompt' = 'reward'): void {
  const text = readFileSync(file, 'utf8');
  const [before, after] =
    where === 'reward'
      ? [
          /\(\{ completionIds \}\) =>\s+(.*);/,
          `async ({ completionIds, step }) => { if (step === 3) { ${does} } return $1; };`,
        ]
      : [
          /prompt: \(task\) => (.*),/,
          `prompt: (task) => { if (task.id === 'train-6') { ${does} } return $1; },`,
        ];
  expect(text).toMatch(before);
  writeFileSync(file, text.replace(before, after));
}

const reward = 'reward "early" at step 3';
const cases: Record<string, { does: string; where?: 'prompt'; says: RegExp; steps: readonly number[] }> = {
  'a timer of a reward that it waits for': {
    does: 'await new Promise(() => setTimeout(() => { throw new Error("boom"); }, 1));',
    says: new RegExp(`^error: ${reward} failed on samples 0 to 7: boom \\(at .*toy\\.ts:\\d+:\\d+\\) \\(`),
    steps: [3],
  },
  'a promise that a reward forgets': {
    does: 'Promise.reject(new Error("boom"));',
    says: new RegExp(`^error: ${reward} failed.*: boom \\(at .*toy\\.ts:\\d+:\\d+\\) \\(`),
    steps: [3],
  },
  'a timer that a reward leaves behind': {
    does: 'setTimeout(() => { throw new Error("boom"); }, 1);',
    says: new RegExp(`^error: ${reward} failed after it had answered: boom \\(at .*toy\\.ts`),
    // The update under way is given up, unless it has ended by then.
    steps: [3, 4],
  },
  'a rejection of an environment that is no Error': {
    does: 'Promise.reject("no network");',
    where: 'prompt',
    says: /^error: env "letters" failed after it had answered: no network \(the last good/,
    steps: [3, 4],
  },
};
for (const [name, { does, where, says, steps }] of Object.entries(cases)) {
  test(`${name} ends the run as a thrown error does, and once it is mended the run goes on to the same bits`, async () => {
    const folder = await temporaryFolder();
    const [out, whole] = [join(folder, 'run'), join(folder, 'whole')];
    const file = recipeFile(folder, modelFolder());
    const sound = readFileSync(file, 'utf8');
    makeIt(does, file, where);
    const rare = ['--set', 'checkpoint.every=0', '--set', 'eval.every=0'];
    const { code, errors } = await runProcess(['run', file, '--out', out, ...rare]);
    expect(errors).toEqual([expect.stringMatching(says)]);
    expect(code).toBe(1);
    const last = await latestCheckpoint(join(out, 'checkpoints'));
    expect(errors[0]).toContain(`the last good checkpoint is ${last!.path}; mend the cause`);
    // No step before the one under way is lost.
    expect(steps).toContain(last!.step);

    writeFileSync(file, sound);
    expect((await anneal(['run', out, '--resume'])).code).toBe(0);
    expect((await anneal(['run', file, '--out', whole, ...rare])).code).toBe(0);
    await expectSame(out, whole);
  });
}

test('code that a recipe runs outside of any call ends the run too', async () => {
  const file = await recipeThat('');
  const out = join(await temporaryFolder(), 'run');
  const metrics = JSON.stringify(join(out, 'metrics.jsonl'));
  writeFileSync(
    file,
    `import { existsSync } from 'node:fs';
const timer = setInterval(() => {
  if (!existsSync(${metrics})) return;
  clearInterval(timer);
  throw new Error('out of the blue');
}, 20);
${readFileSync(file, 'utf8')}`,
  );
  const args = ['--out', out, '--steps', '100000', '--set', 'eval.every=0', '--set', 'checkpoint.every=0'];
  const { code, errors } = await runProcess(['run', file, ...args]);
  const says =
    /^error: something that no call waited for failed: out of the blue \(at .*toy\.ts.*the last good checkpoint/;
  expect(errors).toEqual([expect.stringMatching(says)]);
  expect(code).toBe(1);
  expect(await latestCheckpoint(join(out, 'checkpoints'))).toBeDefined();
});

test('in another command it is a line as well', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'odd.ts');
  writeFileSync(
    file,
    `export default {
  name: 'odd',
  async *tasks() { yield { id: '1' }; },
  prompt: () => [{ role: 'user', content: 'x' }],
  async *validate() { Promise.reject(new Error('boom')); await new Promise(() => setTimeout(() => {}, 5000)); },
};
`,
  );
  const { code, errors } = await runProcess(['env', 'check', file]);
  expect(errors).toEqual([expect.stringMatching(/^error: .*boom \(at .*odd\.ts:5:\d+\)$/)]);
  expect(code).toBe(1);
});

test('a timer that a reward leaves running does not keep the process alive', async () => {
  const out = join(await temporaryFolder(), 'run');
  const file = await recipeThat('setInterval(() => {}, 1000);');
  const { code, lines } = await runProcess(['run', file, '--out', out]);
  expect(code).toBe(0);
  expect(lines.at(-1)).toMatch(/^report /);
});
