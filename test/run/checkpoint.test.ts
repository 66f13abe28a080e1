import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeFolderAtomic } from '../../src/io/atomic-folder.ts';
import { parseExact, stringifyExact } from '../../src/io/exact-json.ts';
import { temporaryBeside } from '../../src/io/temporaries.ts';
import { bfloat16ToFloat32 } from '../../src/model/files/half.ts';
import { startWatch } from '../../src/pipeline/session/warnings.ts';
import type { TrainRollout } from '../../src/policy/batch/train-batch.ts';
import { randomStream, restoreStream } from '../../src/random.ts';
import type { Checkpoint } from '../../src/run/checkpoint/checkpoint.ts';
import {
  bestCheckpoint,
  FORMAT,
  latestCheckpoint,
  listCheckpoints,
} from '../../src/run/checkpoint/list-checkpoints.ts';
import { loadCheckpoint } from '../../src/run/checkpoint/load-checkpoint.ts';
import { discardAfter, pruneCheckpoints } from '../../src/run/checkpoint/prune-checkpoints.ts';
import { saveCheckpoint } from '../../src/run/checkpoint/save-checkpoint.ts';
import { clearRunFolder } from '../../src/run/folder/clear-run-folder.ts';
import { temporaryFolder } from '../pipeline/run.ts';

/** A rollout that no reward applied to. */
const rollout: TrainRollout = {
  group: 0,
  task: { id: 'x', answer: -0 },
  messages: [{ role: 'user', content: 'say x' }],
  promptIds: [5],
  tokenIds: [1, 2],
  logprobs: [-0.1 - 0.2, -1],
  text: 'x\u2028',
  finishReason: 'length',
  beta: 0.1 + 0.2,
  policyVersion: 6,
  scores: [null],
  reward: Number.NaN,
  advantage: -0,
};

function checkpoint(step: number, accuracy?: number): Checkpoint {
  const evaluation = { tasks: 10, reward: 0, interval: [0, 1] as const, beta: 0.5, step };
  return {
    step,
    steps: 100,
    beta: 0.25,
    betaZeroStep: 30,
    nextBatch: step,
    tokens: 5,
    watch: startWatch,
    policy: {
      arrays: {
        'q.A': { data: Float32Array.from([1.5, -0, Number.NaN, 1e-42]), shape: [2, 2] },
        empty: { data: new Float32Array(0), shape: [0] },
      },
      data: { version: step, schedule: { step, horizon: 30 } },
    },
    streams: { seeds: randomStream(1, 'seeds').state() },
    tasks: { epoch: 1, offset: 3 },
    coefficients: {
      klCoef: 0.1 + 0.2,
      entropy: { coef: 1e-3, lastEntropy: 0.7, entropySum: -0, tokens: 0 },
    },
    reward: 0.3,
    pending: [
      {
        index: 7,
        policyVersion: 6,
        beta: 0.1 + 0.2,
        metrics: { reward_std: Number.NaN, zero: -0 },
        batch: { objective: 'rl', rollouts: [rollout] },
        stopsEarly: true,
      },
    ],
    evals: accuracy === undefined ? [] : [{ ...evaluation, accuracy }],
  };
}

test('moments in bfloat16 take 2 bytes each, and come back as the numbers that they are', async () => {
  const folder = await temporaryFolder();
  const data = Uint16Array.from([0, 0x3f80, 0xc049, 0x7f80, 1]);
  const moments = { 'expAvg.w': { data, shape: [5] } };
  const trained = { 'trained.w': { data: Float32Array.of(1, 2, 3, 4, 5), shape: [5] } };
  const { policy, ...rest } = checkpoint(3);
  const saved = { ...rest, policy: { ...policy, arrays: { ...trained, ...moments } } };
  const path = await saveCheckpoint(folder, saved);
  const file = readFileSync(join(path, 'policy.safetensors'));
  const header = JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE(0))));
  expect(header['expAvg.w']).toEqual({ dtype: 'BF16', shape: [5], data_offsets: [20, 30] });
  const { arrays } = (await loadCheckpoint(path)).policy;
  expect(arrays['expAvg.w']!.data).toEqual(bfloat16ToFloat32(data));
  expect(arrays['trained.w']!.data).toEqual(trained['trained.w'].data);
});

describe('a checkpoint', () => {
  test('reads back bit for bit: arrays, doubles, NaN, −0, random streams', async () => {
    const folder = await temporaryFolder();
    const saved = checkpoint(4, 0.5);
    const loaded = await loadCheckpoint(await saveCheckpoint(folder, saved));
    expect(loaded).toEqual(saved);
    const bytes = (c: Checkpoint) => new Uint8Array(c.policy.arrays['q.A']!.data.buffer.slice(0, 16));
    expect(bytes(loaded)).toEqual(bytes(saved));
    expect(Object.is(loaded.pending[0]!.metrics.zero, -0)).toBe(true);
    const stream = randomStream(1, 'seeds');
    const restored = restoreStream(loaded.streams.seeds!);
    expect([restored.next(), restored.next()]).toEqual([stream.next(), stream.next()]);
  });

  test('tells its step and β to a person', async () => {
    const path = await saveCheckpoint(await temporaryFolder(), checkpoint(4));
    expect(JSON.parse(readFileSync(join(path, 'checkpoint.json'), 'utf8'))).toMatchObject({
      step: 4,
      steps: 100,
      beta: 0.25,
      betaZeroStep: 30,
      evalAccuracy: null,
    });
  });

  test('that is damaged is passed over: cut off, a file missing, of another format', async () => {
    const folder = await temporaryFolder();
    for (const step of [1, 2, 3, 4]) await saveCheckpoint(folder, checkpoint(step));
    truncateSync(join(folder, 'step-000002', 'state.json'), 10);
    const head = join(folder, 'step-000003', 'checkpoint.json');
    writeFileSync(head, readFileSync(head, 'utf8').replace(`"format": ${FORMAT}`, '"format": 9'));
    mkdirSync(join(folder, 'step-000009'));
    expect((await listCheckpoints(folder)).map((entry) => entry.step)).toEqual([1, 4]);
    expect((await latestCheckpoint(folder))?.step).toBe(4);
    expect(await listCheckpoints(join(folder, 'none'))).toEqual([]);
  });

  test('of an older format is found, and says which', async () => {
    const folder = await temporaryFolder();
    const path = await saveCheckpoint(folder, checkpoint(4));
    const head = join(path, 'checkpoint.json');
    writeFileSync(head, readFileSync(head, 'utf8').replace(`"format": ${FORMAT}`, '"format": 1'));
    expect(await latestCheckpoint(folder)).toMatchObject({ step: 4, format: 1 });
  });

  test('of a step that has a damaged one replaces it', async () => {
    const folder = await temporaryFolder();
    const path = await saveCheckpoint(folder, checkpoint(2));
    truncateSync(join(path, 'policy.safetensors'), 8);
    expect(await saveCheckpoint(folder, checkpoint(2))).toBe(path);
    expect(await loadCheckpoint(path)).toEqual(checkpoint(2));
    expect(readdirSync(folder)).toEqual(['step-000002']);
  });
});

describe('keeping checkpoints', () => {
  const accuracies = [0.2, 0.9, 0.9, undefined, 0.3, 0.4];

  test('keeps the last N and the best, of equals the latest', async () => {
    const folder = await temporaryFolder();
    for (const [i, accuracy] of accuracies.entries())
      await saveCheckpoint(folder, checkpoint(i + 1, accuracy));
    expect(bestCheckpoint(await listCheckpoints(folder))?.step).toBe(3);
    await pruneCheckpoints(folder, 2);
    expect((await listCheckpoints(folder)).map((entry) => entry.step)).toEqual([3, 5, 6]);
  });

  test('discards what a resumed run writes again', async () => {
    const folder = await temporaryFolder();
    for (const step of [1, 2, 3]) await saveCheckpoint(folder, checkpoint(step));
    mkdirSync(join(folder, 'step-1000000'));
    await discardAfter(folder, 2);
    expect(readdirSync(folder).sort()).toEqual(['step-000001', 'step-000002']);
  });
});

describe('writing a folder', () => {
  test('that fails leaves what was there', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'merged');
    await writeFolderAtomic(path, async (temporary) => writeFileSync(join(temporary, 'a'), '1'));
    const failing = writeFolderAtomic(path, async (temporary) => {
      writeFileSync(join(temporary, 'a'), '2');
      throw new Error('disk full');
    });
    await expect(failing).rejects.toThrow('disk full');
    expect(readdirSync(folder)).toEqual(['merged']);
    expect(readFileSync(join(path, 'a'), 'utf8')).toBe('1');
  });

  test('replaces the whole of it, folders inside included', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'merged');
    await writeFolderAtomic(path, async (temporary) => writeFileSync(join(temporary, 'old'), ''));
    await writeFolderAtomic(path, async (temporary) => {
      mkdirSync(join(temporary, 'deep'));
      writeFileSync(join(temporary, 'deep', 'new'), '');
    });
    expect(existsSync(join(path, 'old'))).toBe(false);
    expect(existsSync(join(path, 'deep', 'new'))).toBe(true);
    expect(readdirSync(folder)).toEqual(['merged']);
  });

  test('removes what a process that has ended left of an earlier write, and nothing of one that goes on', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'merged');
    const { pid: dead } = spawnSync(process.execPath, ['--version']);
    const other = (name: string) => name.replace(/^(\.\w+\.)\w+-/, '$1otherhost-');
    const mine = basename(temporaryBeside(path));
    const left = mine.replace(`-${process.pid}-`, `-${dead}-`);
    const elses = basename(temporaryBeside(join(folder, 'adapter'))).replace(`-${process.pid}-`, `-${dead}-`);
    for (const name of [mine, left, left.replace('.tmp', '.old.tmp'), other(left), elses])
      mkdirSync(join(folder, name));
    await writeFolderAtomic(path, async (temporary) => writeFileSync(join(temporary, 'a'), '1'));
    expect(readdirSync(folder).sort()).toEqual([mine, other(left), elses, 'merged'].sort());
  });

  test('what a crash left in a run folder is cleared away, and nothing that a process still writes', async () => {
    const folder = await temporaryFolder();
    const inside = join(folder, 'export');
    mkdirSync(inside);
    const { pid: dead } = spawnSync(process.execPath, ['--version']);
    const mine = basename(temporaryBeside(join(folder, 'merged')));
    // Of the process that runs this test's process, which goes on.
    const alive = mine.replace(`-${process.pid}-`, `-${process.ppid}-`);
    const left = mine.replace(`-${process.pid}-`, `-${dead}-`);
    // A container's processes have the same number each time.
    const before = mine.replace(/-\w+(?=\.tmp$)/, '-00000000a');
    const elsewhere = mine.replace(/^(\.merged\.)\w+/, '$100000000');
    for (const at of [folder, inside])
      for (const name of [mine, alive, left, before, elsewhere, '.x.1-a.tmp', '.x.1-a.old.tmp', 'x'])
        mkdirSync(join(at, name));
    await clearRunFolder(folder);
    expect(readdirSync(folder).sort()).toEqual([alive, mine, 'export', 'x'].sort());
    expect(readdirSync(inside).sort()).toEqual([alive, mine, 'x'].sort());
  });
});

test('exact JSON keeps the doubles that JSON loses', () => {
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0.1, 5e-324, 2 ** 53];
  expect(parseExact(stringifyExact({ values }))).toEqual({ values });
});
