import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { readAllRecords } from '../../src/io/jsonl-file.ts';
import type { EvalRecord } from '../../src/run/checkpoint/checkpoint.ts';
import type { StepMetrics } from '../../src/types.ts';
import { fixtures } from '../golden/golden-files.ts';
import { readEvents, readHParams } from '../io/tensorboard/read-events.ts';
import { temporaryFolder } from '../pipeline/run.ts';
import { modelFolder } from '../policy/model-folder.ts';
import { anneal, recipeFile } from './command-line.ts';
import { runProcess } from './processes.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let folder: string;
let recipe: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  recipe = recipeFile(folder, modelFolder());
});

describe('anneal run --tensorboard', () => {
  test('writes an event file to the run folder', async () => {
    const out = join(folder, 'run');
    const { code, err } = await anneal(['run', recipe, '--out', out, '--steps', '2', '--tensorboard']);
    expect([code, err]).toEqual([0, []]);
    const [name, ...others] = readdirSync(join(out, 'tensorboard'));
    expect(others).toEqual([]);
    const events = readEvents(readFileSync(join(out, 'tensorboard', name!)));
    expect(readHParams(events.at(-1)!).session_end_info.status).toBe('STATUS_SUCCESS');
  });

  test('writes to a folder of its own name, and tells no end of a run that was stopped', async () => {
    const [out, events] = [join(folder, 'stopped'), join(folder, 'events', 'stopped')];
    const { code } = await anneal(['run', recipe, '--out', out, '--tensorboard', events], {
      onLine: (line, interrupt) => {
        if (line.startsWith('step 1/')) interrupt();
      },
    });
    expect(code).toBe(130);
    expect(existsSync(join(out, 'tensorboard'))).toBe(false);
    const tags = readEvents(readFileSync(join(events, readdirSync(events)[0]!))).flatMap((event) =>
      (event.summary?.value ?? []).map(({ tag }) => tag),
    );
    expect(tags).toContain('loss');
    expect(tags).not.toContain('_hparams_/session_end_info');
  });

  test('refuses a folder that can not be written, before any work', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const out = join(folder, 'refused');
    const { code, err } = await anneal(['run', recipe, '--out', out, '--tensorboard', join(file, 'events')]);
    expect(code).toBe(2);
    expect(err).toEqual([
      `error: can't write --tensorboard ${join(file, 'events')}: ${file} is not a folder`,
    ]);
    expect(existsSync(out)).toBe(false);
  });
});

// pip install tensorboard
const noTensorboard = spawnSync('python3', ['-c', 'import tensorboard']).status !== 0;

test.skipIf(noTensorboard)(
  "TensorBoard's own reader finds every step once after a kill and a resume",
  async () => {
    const out = join(folder, 'killed');
    const args = ['--tensorboard', '--set', 'checkpoint.every=4'];
    const killed = await runProcess(['run', recipe, '--out', out, ...args], (line, { send }) => {
      if (line.startsWith('step 6/')) send('SIGKILL');
    });
    expect(killed.signal).toBe('SIGKILL');
    expect((await anneal(['run', out, '--resume', '--tensorboard'])).code).toBe(0);
    const script = join(fixtures, 'tensorboard', 'read.py');
    const printed = execFileSync('python3', [script, join(out, 'tensorboard')], { encoding: 'utf8' });
    const { scalars, hparams } = JSON.parse(printed);
    const metrics = await readAllRecords<StepMetrics>(join(out, 'metrics.jsonl'));
    const evals = await readAllRecords<EvalRecord>(join(out, 'evals.jsonl'));
    const names = new Set(metrics.flatMap(Object.keys));
    expect(new Set(['step', ...Object.keys(scalars)])).toEqual(names);
    expect(scalars.loss).toEqual(metrics.map(({ step, loss }) => [step, Math.fround(loss!)]));
    expect(scalars.beta).toEqual(metrics.map(({ step, beta }) => [step, Math.fround(beta)]));
    expect(scalars.eval_accuracy).toEqual(evals.map(({ step, accuracy }) => [step, Math.fround(accuracy)]));
    expect(hparams).toMatchObject({
      sessionStartInfo: { hparams: { 'adapter.rank': 4, 'adapter.rsLora': false, name: 'toy' } },
      sessionEndInfo: { status: 'STATUS_SUCCESS' },
    });
  },
);
