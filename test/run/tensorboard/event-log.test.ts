import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseRecipe, type RecipeInput } from '../../../src/recipe/recipe.ts';
import { checkEventFolder } from '../../../src/run/tensorboard/check-event-folder.ts';
import { EventLog } from '../../../src/run/tensorboard/event-log.ts';
import { hyperParameters } from '../../../src/run/tensorboard/hyper-parameters.ts';
import type { TrainEvent } from '../../../src/types.ts';
import { type ReadEvent, readEvents, readHParams } from '../../io/tensorboard/read-events.ts';
import { banditRecipe } from '../../pipeline/bandit.ts';
import { lines, runBandit, temporaryFolder } from '../../pipeline/run.ts';

const input = (): RecipeInput =>
  banditRecipe({ steps: 8, eval: { every: 5, tasks: 4 }, checkpoint: { every: 4, keep: 9 } });
const recipe = parseRecipe(input());

const fail = (error: unknown): never => {
  throw error;
};

/** Runs with a log in the run folder. */
async function logged(out: string, resume = false): Promise<TrainEvent[]> {
  const log = new EventLog(join(out, 'tensorboard'), { recipe, onFailure: fail });
  const { events } = await runBandit(input(), { out, resume }, { onEvent: (event) => log.record(event) });
  await log.close();
  return events;
}

/** Writes events to a folder, as a process that is killed after the last of them. */
async function tell(folder: string, events: readonly TrainEvent[]): Promise<void> {
  const log = new EventLog(folder, { recipe, onFailure: fail });
  for (const event of events) log.record(event);
  await log.close();
}

/** The events of a folder's files, in the order in which TensorBoard reads them. */
function eventsIn(folder: string): ReadEvent[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => readEvents(readFileSync(join(folder, name))));
}

/** Steps and values by the name of the metric. */
type Points = Record<string, [step: number, value: number][]>;

function add(points: Points, tag: string, point: [number, number]): void {
  points[tag] = [...(points[tag] ?? []), point];
}

/** What TensorBoard shows: a START takes back what was told of its step and of later ones. */
function shown(folder: string): Points {
  const points: Points = {};
  for (const { step, session_log: session, summary } of eventsIn(folder)) {
    if (session?.status === 'START') {
      for (const tag of Object.keys(points)) points[tag] = points[tag]!.filter(([at]) => at < step);
    }
    for (const { tag, simple_value: value } of summary?.value ?? []) {
      if (value !== undefined) add(points, tag, [step, value]);
    }
  }
  return points;
}

/** The same, as a run's own files have it. */
async function written(out: string): Promise<Points> {
  const points: Points = {};
  for (const line of (await metricsOf(out)) as Record<string, number>[]) {
    for (const [name, value] of Object.entries(line)) {
      if (!['step', 'eval_accuracy', 'eval_reward'].includes(name))
        add(points, name, [line.step!, Math.fround(value)]);
    }
  }
  for (const { step, accuracy, reward } of (await lines(out, 'evals.jsonl')) as Record<string, number>[]) {
    add(points, 'eval_accuracy', [step!, Math.fround(accuracy!)]);
    add(points, 'eval_reward', [step!, Math.fround(reward!)]);
  }
  return points;
}

/** metrics.jsonl with the times, which `lines` leaves out. */
async function metricsOf(out: string): Promise<object[]> {
  const text = readFileSync(join(out, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const isStep = (step: number) => (event: TrainEvent) => event.type === 'step' && event.metrics.step === step;
const isEvaluation = (step: number) => (event: TrainEvent) => event.type === 'eval' && event.step === step;

describe('a run', () => {
  test('tells every metric and evaluation by its name, and that it came to its end', async () => {
    const out = join(await temporaryFolder(), 'run');
    await logged(out);
    const points = shown(join(out, 'tensorboard'));
    expect(points).toEqual(await written(out));
    expect(points.eval_accuracy!.map(([step]) => step)).toEqual([0, 5, 8]);
    expect(points.beta!.map(([, beta]) => beta).slice(-2)).toEqual([0, 0]);
    const events = eventsIn(join(out, 'tensorboard'));
    expect(readHParams(events[2]!).session_start_info.hparams).toMatchObject({
      'optimizer.lr': { number_value: recipe.optimizer.lr },
      'adapter.rsLora': { bool_value: false },
      method: { string_value: recipe.method },
    });
    expect(readHParams(events.at(-1)!).session_end_info.status).toBe('STATUS_SUCCESS');
  });

  // Checkpoints are written at 4, when due, and at 5 and 8, before the evaluations there.
  const kills: [when: string, last: (event: TrainEvent) => boolean, steps: number, from: number][] = [
    ['some steps before its first checkpoint', isStep(2), 3, 0],
    ['after a checkpoint', isStep(6), 7, 5],
    ['just before its first checkpoint', isStep(3), 4, 0],
    ['as a checkpoint was there', ({ type }) => type === 'checkpoint', 4, 4],
    ['after an evaluation, before its step was told', isEvaluation(5), 4, 5],
    ['after the step of an evaluation, before that was in its checkpoint', isStep(4), 5, 5],
  ];
  test.each(kills)('that was killed %s and goes on tells no step twice', async (_, isLast, steps, from) => {
    const folder = await temporaryFolder();
    const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
    const { events } = await runBandit(
      input(),
      { out: whole },
      {
        onEvent: (event) => {
          if (isLast(event) && !existsSync(killed)) cpSync(whole, killed, { recursive: true });
        },
      },
    );
    rmSync(join(killed, 'run.lock'));
    const seen = events.slice(0, events.findIndex(isLast) + 1);
    await tell(
      join(killed, 'tensorboard'),
      seen.map((event) => (event.type === 'start' ? { ...event, out: killed } : event)),
    );
    expect(shown(join(killed, 'tensorboard')).loss).toHaveLength(steps);

    const [start] = await logged(killed, true);
    expect(start).toMatchObject({ type: 'start', startStep: from });
    expect(readdirSync(join(killed, 'tensorboard'))).toHaveLength(2);
    const points = shown(join(killed, 'tensorboard'));
    expect(points).toEqual(await written(killed));
    expect(points.loss!.map(([step]) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(points.eval_accuracy!.map(([step]) => step)).toEqual([0, 5, 8]);
  });

  test('that had no log before tells its past from its folder', async () => {
    const folder = await temporaryFolder();
    const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
    await runBandit(
      input(),
      { out: whole },
      {
        onEvent: (event) => {
          if (event.type === 'checkpoint' && event.step === 4) cpSync(whole, killed, { recursive: true });
        },
      },
    );
    rmSync(join(killed, 'run.lock'));
    await logged(killed, true);
    expect(shown(join(killed, 'tensorboard'))).toEqual(await written(killed));
    expect(
      readHParams(eventsIn(join(killed, 'tensorboard'))[2]!).session_start_info.hparams.seed,
    ).toBeDefined();
  });
});

describe('a log', () => {
  const start: TrainEvent = {
    type: 'start',
    out: 'nowhere',
    steps: 2,
    startStep: 0,
    trainableParameters: 1,
    totalParameters: 1,
  };

  test('writes numbers that are not finite as they are', async () => {
    const folder = await temporaryFolder();
    const metrics = { step: 0, beta: 1, loss: Number.NaN, kl: Infinity, reward: -Infinity };
    await tell(folder, [start, { type: 'step', metrics }]);
    expect(shown(folder)).toEqual({
      beta: [[0, 1]],
      loss: [[0, Number.NaN]],
      kl: [[0, Infinity]],
      reward: [[0, -Infinity]],
    });
  });

  test('that can not be written says so once', async () => {
    const path = join(await temporaryFolder(), 'file');
    writeFileSync(path, '');
    const failures: unknown[] = [];
    const log = new EventLog(path, { recipe, onFailure: (error) => failures.push(error) });
    for (const event of [start, start]) log.record(event);
    await log.close();
    expect(failures).toEqual([expect.objectContaining({ code: 'EEXIST' })]);
  });
});

test('hyper-parameters have the names that --set takes, the options of the environment among them', () => {
  const env = { ...recipe.env, options: { low: 2, kinds: ['a', 'b'], deep: { er: true }, none: undefined } };
  const reward = recipe.rewards[0]!;
  const table = hyperParameters({
    ...recipe,
    env,
    rewards: [reward, { ...reward, weight: 0 }],
  });
  expect(table).toMatchObject({
    env: recipe.env.name,
    'env.low': 2,
    'env.kinds': '["a","b"]',
    'env.deep.er': true,
    'optimizer.betas': JSON.stringify(recipe.optimizer.betas),
    'rewards.0.name': reward.reward.name,
    'rewards.1.name': `${reward.reward.name}_2`,
    'rewards.1.weight': 0,
  });
  expect(Object.keys(table)).not.toContain('env.none');
});

describe('a folder for event files', () => {
  test('need not be there', async () => {
    await checkEventFolder(join(await temporaryFolder(), 'a', 'b'), { resume: false });
  });

  test('is refused below a file', async () => {
    const path = join(await temporaryFolder(), 'file');
    writeFileSync(path, '');
    for (const folder of [path, join(path, 'a')]) {
      await expect(checkEventFolder(folder, { resume: true })).rejects.toThrow(
        `can't write --tensorboard ${folder}: ${path} is not a folder`,
      );
    }
  });

  test('is refused to a new run when another has files there', async () => {
    const folder = await temporaryFolder();
    mkdirSync(join(folder, 'checkpoints'));
    await checkEventFolder(folder, { resume: false });
    writeFileSync(join(folder, 'events.out.tfevents.1700000000.host.1'), '');
    await expect(checkEventFolder(folder, { resume: false })).rejects.toThrow('of another run');
    await checkEventFolder(folder, { resume: true });
  });
});
