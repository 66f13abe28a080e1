import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { version } from '../../src/io/version.ts';
import { FORMAT, latestCheckpoint, listCheckpoints } from '../../src/run/checkpoint/list-checkpoints.ts';
import { banditRecipe, sevens } from './bandit.ts';
import { lines, runBandit, temporaryFolder } from './run.ts';

const files = ['metrics.jsonl', 'rollouts.jsonl', 'evals.jsonl'];

const settings = {
  'on policy': {},
  'with lag 2': { sampling: { groupSize: 4, promptsPerStep: 2, maxOffPolicySteps: 2 } },
  'with 3 iterations': { algorithm: { numIterations: 3 } },
  'with lag 1 and 2 iterations': {
    sampling: { groupSize: 4, promptsPerStep: 2, maxOffPolicySteps: 1 },
    algorithm: { numIterations: 2 },
  },
  'with 2 steps a pass and 2 passes': { algorithm: { stepsPerGeneration: 2, numIterations: 2 } },
  'with dynamic sampling, lag 1': {
    sampling: { groupSize: 2, promptsPerStep: 2, maxOffPolicySteps: 1 },
    algorithm: { dynamicSampling: { maxTries: 3 } },
  },
  'with log-probs noted before each batch, lag 1': {
    sampling: { groupSize: 4, promptsPerStep: 2, maxOffPolicySteps: 1 },
    algorithm: { samplerCorrection: {}, numIterations: 2 },
  },
  'with a KL term and an entropy bonus in the loss that adapt': {
    algorithm: {
      klCoef: 0.1,
      klControl: { type: 'adaptive' as const, target: 0.001, horizon: 100 },
      entropyCoef: 0.01,
      adaptiveEntropy: { target: 2.3, delta: 0.005, min: 0, max: 1 },
    },
  },
  'with a KL penalty in the rewards that adapts, lag 1': {
    sampling: { groupSize: 4, promptsPerStep: 2, maxOffPolicySteps: 1 },
    algorithm: {
      klCoef: 0.1,
      klIn: 'reward' as const,
      klControl: { type: 'adaptive' as const, target: 0.001, horizon: 100 },
    },
  },
  'with greedy baselines': { algorithm: { advantage: { estimator: 'remax' as const } } },
  'of supervised fine-tuning': { objective: 'sft' as const },
};

describe('a run that was killed and resumed equals one that was not, bit for bit', () => {
  for (const [name, overrides] of Object.entries(settings)) {
    test(name, async () => {
      const folder = await temporaryFolder();
      const recipe = () => banditRecipe({ ...overrides, checkpoint: { every: 2, keep: 2 } });
      const whole = join(folder, 'whole');
      let copies = 0;
      const { bandit } = await runBandit(
        recipe(),
        { out: whole },
        {
          // The folder as a kill would leave it: at any event, in the middle of a line, with unfinished writes.
          onEvent: () => {
            const copy = join(folder, `killed-${copies++}`);
            cpSync(whole, copy, { recursive: true });
            for (const file of files) appendFileSync(join(copy, file), '{"step":');
            cpSync(
              join(whole, 'config.json'),
              join(copy, 'checkpoints', '.step-000099.1-a.tmp', 'state.json'),
            );
          },
        },
      );
      expect(copies).toBeGreaterThan(20);
      for (let i = 0; i < copies; i++) {
        const out = join(folder, `killed-${i}`);
        const resumed = await runBandit(recipe(), { out, resume: true });
        expect(resumed.events.at(-1)!.type).toBe('done');
        expect(resumed.bandit.state()).toEqual(bandit.state());
        for (const file of files) expect(await lines(out, file)).toEqual(await lines(whole, file));
        expect(readdirSync(join(out, 'checkpoints')).sort()).toEqual(
          readdirSync(join(whole, 'checkpoints')).sort(),
        );
      }
    });
  }
});

describe('stopping', () => {
  for (const [name, overrides] of Object.entries(settings)) {
    test(`at any step and resuming gives the same run: ${name}`, async () => {
      const folder = await temporaryFolder();
      const recipe = () => banditRecipe({ ...overrides, checkpoint: { every: 0 } });
      const { bandit } = await runBandit(recipe(), { out: join(folder, 'whole') });
      for (let stopAt = 0; stopAt < 12; stopAt++) {
        const out = join(folder, `stopped-${stopAt}`);
        const stop = new AbortController();
        const { events } = await runBandit(
          recipe(),
          { out, signal: stop.signal },
          {
            onEvent: (event, { version }) => {
              if (event.type === 'start' ? stopAt === 0 : version === stopAt) stop.abort();
            },
          },
        );
        const stopped = events.at(-1)!;
        if (stopped.type !== 'stopped') throw new Error(`ended with ${stopped.type}`);
        // Batches in flight are given up, so the run goes back to where they were begun.
        const { maxOffPolicySteps: lag = 0 } = recipe().sampling ?? {};
        const { numIterations = 1 } = recipe().algorithm ?? {};
        expect(stopped.step).toBeGreaterThanOrEqual(stopAt - lag * numIterations);
        expect(stopped.step).toBeLessThanOrEqual(stopAt + 1);
        expect((await latestCheckpoint(join(out, 'checkpoints')))?.path).toBe(stopped.checkpoint);
        const resumed = await runBandit(recipe(), { out, resume: true });
        expect(resumed.events[0]).toMatchObject({ type: 'start', startStep: stopped.step });
        expect(resumed.bandit.state()).toEqual(bandit.state());
        for (const file of files) {
          expect(await lines(out, file)).toEqual(await lines(join(folder, 'whole'), file));
        }
      }
    });
  }
});

test('a run that is stopped before its first evaluation leaves that to its continuation', async () => {
  const folder = await temporaryFolder();
  const [whole, out] = [join(folder, 'whole'), join(folder, 'stopped')];
  await runBandit(banditRecipe(), { out: whole });
  const stopped = await runBandit(banditRecipe(), { out, signal: AbortSignal.abort() });
  expect(stopped.events.map((event) => event.type)).toEqual(['start', 'checkpoint', 'stopped']);
  await runBandit(banditRecipe(), { out, resume: true });
  for (const file of files) expect(await lines(out, file)).toEqual(await lines(whole, file));
});

describe('resuming', () => {
  async function stoppedRun(): Promise<string> {
    const out = join(await temporaryFolder(), 'run');
    const stop = new AbortController();
    const onEvent = (event: { type: string; step?: number }) => {
      if (event.type === 'checkpoint' && event.step === 6) stop.abort();
    };
    await runBandit(banditRecipe(), { out, signal: stop.signal }, { onEvent });
    return out;
  }

  test('refuses a damaged last checkpoint by name; once it is removed, goes on from the one before', async () => {
    const out = await stoppedRun();
    const entries = await listCheckpoints(join(out, 'checkpoints'));
    const last = entries.at(-1)!;
    writeFileSync(
      join(last.path, 'policy.safetensors'),
      readFileSync(join(last.path, 'policy.safetensors')).subarray(8),
    );
    await expect(runBandit(banditRecipe(), { out, resume: true })).rejects.toThrow(`${last.path} is damaged`);
    rmSync(last.path, { recursive: true });
    const { events } = await runBandit(banditRecipe(), { out, resume: true });
    expect(events[0]).toMatchObject({ startStep: entries.at(-2)!.step });
    expect(events.at(-1)!.type).toBe('done');
  });

  test('refuses a last checkpoint of an older format, and says which version goes on from it', async () => {
    const out = await stoppedRun();
    const last = await latestCheckpoint(join(out, 'checkpoints'));
    const head = join(last!.path, 'checkpoint.json');
    writeFileSync(head, readFileSync(head, 'utf8').replace(`"format": ${FORMAT}`, '"format": 1'));
    const run = runBandit(banditRecipe(), { out, resume: true });
    await expect(run).rejects.toThrow(InputError);
    await expect(run).rejects.toThrow(
      `can't resume ${out}: anneal ${version} wrote its checkpoints in format 1, and this version goes on from format ${FORMAT}`,
    );
  });

  test('starts over when the run was killed before its first checkpoint', async () => {
    const out = await stoppedRun();
    rmSync(join(out, 'checkpoints'), { recursive: true });
    const { events } = await runBandit(banditRecipe(), { out, resume: true });
    expect(events[0]).toMatchObject({ startStep: 0 });
    expect((await lines(out, 'metrics.jsonl')).map((m) => m.step)).toEqual([...Array(12).keys()]);
  });

  test('a finished run takes no step and writes its models again', async () => {
    const out = join(await temporaryFolder(), 'run');
    const whole = await runBandit(banditRecipe(), { out });
    rmSync(join(out, 'merged'), { recursive: true });
    const { events } = await runBandit(banditRecipe(), { out, resume: true });
    expect(events.map((event) => event.type)).toEqual(['start', 'done']);
    expect(events.at(-1)).toEqual(whole.events.at(-1));
    expect(readdirSync(join(out, 'merged'))).toEqual(['weights.json']);
  });

  test('refuses a recipe that differs in what is learnt, naming the fields', async () => {
    const out = await stoppedRun();
    const other = banditRecipe({ seed: 3, optimizer: { lr: 2e-3 } });
    const run = runBandit(other, { out, resume: true });
    await expect(run).rejects.toThrow(InputError);
    await expect(run).rejects.toThrow(
      /optimizer .*"lr":0.001.* then, .*"lr":0.002.* now.*seed \(0 then, 3 now\)/,
    );
  });

  test('refuses another dtype of the base, and allows what else runtime says', async () => {
    const out = await stoppedRun();
    const run = runBandit(banditRecipe({ runtime: { baseDtype: 'q4' } }), { out, resume: true });
    await expect(run).rejects.toThrow(/runtime\.baseDtype \("float32" then, "q4" now\)/);
    const { events } = await runBandit(banditRecipe({ runtime: { threads: 1 } }), { out, resume: true });
    expect(events.at(-1)!.type).toBe('done');
  });

  test('allows another interval of evaluations and checkpoints', async () => {
    const out = await stoppedRun();
    const { events } = await runBandit(banditRecipe({ eval: { every: 0 }, checkpoint: { every: 1 } }), {
      out,
      resume: true,
    });
    expect(events.at(-1)!.type).toBe('done');
  });

  test('refuses a run that still goes on, which goes on undisturbed', async () => {
    const out = join(await temporaryFolder(), 'run');
    const refused: Promise<unknown>[] = [];
    const onEvent = (event: { type: string }) => {
      if (event.type !== 'step') return;
      for (const resume of [true, false])
        refused.push(runBandit(banditRecipe(), { out, resume }).catch((error) => error));
    };
    const { events } = await runBandit(banditRecipe(), { out }, { onEvent });
    expect(events.at(-1)!.type).toBe('done');
    for (const [i, error] of (await Promise.all(refused)).entries()) {
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toMatch(i % 2 === 0 ? /is in use: this process/ : /is not empty/);
    }
    expect((await lines(out, 'metrics.jsonl')).map((m) => m.step)).toEqual([...Array(12).keys()]);
  });

  test('two runs that begin in one folder at once: one does', async () => {
    const out = join(await temporaryFolder(), 'run');
    const both = await Promise.allSettled([1, 2].map(() => runBandit(banditRecipe(), { out })));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('every ending lets go of the folder', async () => {
    const out = await stoppedRun();
    const held = () => readdirSync(out).includes('run.lock');
    expect(held()).toBe(false);
    await expect(runBandit(banditRecipe({ seed: 3 }), { out, resume: true })).rejects.toThrow(/seed/);
    expect(held()).toBe(false);
    const broken = { right: () => [] as number[] }.right;
    const failing = runBandit(banditRecipe({ rewards: [{ reward: broken }] }), { out, resume: true });
    await expect(failing).rejects.toThrow(/gave 0 scores/);
    expect(held()).toBe(false);
    await runBandit(banditRecipe(), { out, resume: true }, { onEvent: () => expect(held()).toBe(true) });
    expect(held()).toBe(false);
  });

  test('takes over the folder of a process that has ended, says so, and clears away what that was writing', async () => {
    const out = await stoppedRun();
    writeFileSync(join(out, '.merged.1-ab.tmp'), '');
    const started = 'before';
    const since = '2026-01-01T00:00:00.000Z';
    const folder = String(statSync(out, { bigint: true }).ino);
    writeFileSync(
      join(out, 'run.lock'),
      JSON.stringify({ pid: process.pid, host: hostname(), started, since, folder }),
    );
    const { events } = await runBandit(banditRecipe(), { out, resume: true });
    expect(events[1]).toMatchObject({
      type: 'warning',
      message: expect.stringMatching(/^took over .*run\.lock/),
    });
    expect(readdirSync(out).filter((name) => /\.tmp$|lock/.test(name))).toEqual([]);
  });

  test('refuses other data and other options of the environment by name, unless it is told to go on', async () => {
    const data = join(await temporaryFolder(), 'train.jsonl');
    const recipe = (change: object = {}) =>
      banditRecipe({ env: { ...sevens(), options: { path: data, shots: 2 }, files: [data], ...change } });
    writeFileSync(data, 'some rows');
    const out = join(await temporaryFolder(), 'run');
    await runBandit(recipe(), { out, signal: AbortSignal.abort() });
    const resumed = (change: object, forceData = false) =>
      runBandit(recipe(change), { out, resume: true, forceData, signal: AbortSignal.abort() });
    await resumed({});
    await expect(resumed({ options: { path: data, shots: 4 } })).rejects.toThrow(
      `can't resume ${out}: what the run began with has changed: env.shots (2 then, 4 now); use the same, or go on all the same with --force-data (train's forceData: true)`,
    );
    writeFileSync(data, 'some more rows');
    await expect(resumed({})).rejects.toThrow('has changed: data train.jsonl (9 bytes then, 14 now); use');
    const { events } = await resumed({}, true);
    expect(events[1]).toMatchObject({
      type: 'warning',
      message: 'the run goes on though this has changed: data train.jsonl (9 bytes then, 14 now)',
    });
    // What it went on with is its own from now on.
    await resumed({});
  });

  test('knows an environment that does not tell its options by those given on the command line', async () => {
    const out = join(await temporaryFolder(), 'run');
    const source = (...set: string[]) => ({ recipe: 'bandit', set: ['seed=1', ...set] });
    const signal = AbortSignal.abort();
    await runBandit(banditRecipe(), { out, source: source('env.path=a'), signal });
    await runBandit(banditRecipe(), {
      out,
      resume: true,
      source: source('env.path=a', 'eval.every=3'),
      signal,
    });
    await expect(
      runBandit(banditRecipe(), { out, resume: true, source: source('env.path=b'), signal }),
    ).rejects.toThrow('has changed: --set of the environment (env.path=a then, env.path=b now)');
  });

  test('goes on with a run of a version that did not look at data', async () => {
    const out = await stoppedRun();
    const config = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'));
    expect(config.environment).toEqual({ options: null, files: [] });
    delete config.environment;
    delete config.model;
    writeFileSync(join(out, 'config.json'), JSON.stringify(config));
    const { events } = await runBandit(banditRecipe(), { out, resume: true });
    expect(events.at(-1)!.type).toBe('done');
  });

  test('refuses a folder without a run', async () => {
    const out = await temporaryFolder();
    await expect(runBandit(banditRecipe(), { out, resume: true })).rejects.toThrow(/config.json is missing/);
  });
});
