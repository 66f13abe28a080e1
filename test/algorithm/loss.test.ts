import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchConstants } from '../../src/algorithm/loss/batch-constants.ts';
import { hyperParameters } from '../../src/algorithm/loss/hyper-parameters.ts';
import { type LossConfig, lossNamed } from '../../src/algorithm/loss/index.ts';
import { combineMetrics } from '../../src/algorithm/loss/terms/metrics.ts';
import { createEagerEngine } from '../../src/engine/eager/eager-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { engines } from '../model/decoder-programs.ts';
import { lossConfig } from './loss-config.ts';
import {
  type Batch,
  constantsOf,
  everyLoss,
  lossProgram,
  programInputs,
  randomBatch,
} from './loss-fixture.ts';

let cpu: Engine;
beforeAll(async () => {
  cpu = await createEagerEngine('cpu');
});
afterAll(() => cpu.dispose());

interface Outcome {
  readonly loss: number;
  readonly gradLogprobs: Float32Array;
  readonly gradEntropies: Float32Array;
  readonly metrics: Record<string, number>;
}

async function run(engine: Engine, batch: Batch, config: LossConfig, range?: readonly [number, number]) {
  const program = engine.compile(lossProgram(config), { name: config.name });
  const constants = constantsOf(batch, config);
  const out = await program.run(programInputs(batch, constants, config, range));
  await program.dispose();
  const metrics = Object.entries(out).flatMap(([name, { data }]) =>
    name.startsWith('metric.') ? [[name.slice(7), data[0]!] as const] : [],
  );
  return {
    loss: out.loss!.data[0]!,
    gradLogprobs: out.gradLogprobs!.data as Float32Array,
    gradEntropies: out.gradEntropies!.data as Float32Array,
    metrics: Object.fromEntries(metrics),
  } satisfies Outcome;
}

function expectSame(got: ArrayLike<number>, want: ArrayLike<number>, what: string, tolerance = 1e-5) {
  expect(got.length, what).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    if (Number.isNaN(want[i]!) && Number.isNaN(got[i]!)) continue;
    expect(Math.abs(got[i]! - want[i]!), `${what}[${i}]: ${got[i]} for ${want[i]}`).toBeLessThan(
      tolerance * (1 + Math.abs(want[i]!)),
    );
  }
}

describe.each(everyLoss)('%s', (_, config) => {
  const batch = randomBatch(7);

  test('micro-batches, the last one shorter, add up to the batch', async () => {
    const whole = await run(cpu, batch, config);
    const parts: Outcome[] = [];
    for (const range of [
      [0, 3],
      [3, 6],
      [6, 7],
    ] as const)
      parts.push(await run(cpu, batch, config, range));
    const joined = (key: 'gradLogprobs' | 'gradEntropies') => parts.flatMap((part) => Array.from(part[key]));
    expect(whole.loss).not.toBe(0);
    expectSame([parts.reduce((sum, part) => sum + part.loss, 0)], [whole.loss], 'loss');
    expectSame(joined('gradLogprobs'), whole.gradLogprobs, 'gradient by log-probs');
    expectSame(joined('gradEntropies'), whole.gradEntropies, 'gradient by entropies');
    const merged = combineMetrics(parts.map((part) => part.metrics));
    const expected = combineMetrics([whole.metrics]);
    expect(Object.keys(merged)).toEqual(Object.keys(expected));
    expectSame(Object.values(merged), Object.values(expected), 'metrics');
  });

  test('what stands outside the mask changes nothing, however large, and gets no gradient', async () => {
    const polluted: Batch = {
      ...batch,
      rows: {
        ...batch.rows,
        logprobs: batch.rows.logprobs.map((row, b) => row.map((x, t) => (batch.rows.mask[b]![t] ? x : -400))),
        refLogprobs: batch.rows.refLogprobs.map((row, b) =>
          row.map((x, t) => (batch.rows.mask[b]![t] ? x : 300)),
        ),
      },
    };
    const clean = await run(cpu, batch, config);
    const dirty = await run(cpu, polluted, config);
    expect(dirty.loss).toBe(clean.loss);
    expectSame(dirty.gradLogprobs, clean.gradLogprobs, 'gradient', 1e-7);
    batch.rows.mask.flat().forEach((m, i) => {
      if (m === 0) expect(Math.abs(dirty.gradLogprobs[i]!)).toBe(0);
    });
  });

  test.each(engines.filter(([name]) => name !== 'cpu'))(
    'gives the same on engine %s',
    async (_name, open) => {
      const engine = await open();
      const want = await run(cpu, batch, config);
      const got = await run(engine, batch, config);
      await engine.dispose();
      expectSame([got.loss], [want.loss], 'loss');
      expectSame(got.gradLogprobs, want.gradLogprobs, 'gradient by log-probs');
      expectSame(got.gradEntropies, want.gradEntropies, 'gradient by entropies');
      expect(Object.keys(got.metrics)).toEqual(Object.keys(want.metrics));
      expectSame(
        Object.values(combineMetrics([got.metrics])),
        Object.values(combineMetrics([want.metrics])),
        'metrics',
      );
    },
  );
});

describe('hyper-parameters', () => {
  const base = everyLoss.find(([name]) => name === 'grpo')![1];

  test.each(Object.keys(hyperParameters(base)))(
    '%s is an input of the compiled loss, not baked in',
    async (name) => {
      const batch = randomBatch(9, 3);
      const constants = constantsOf(batch, base);
      const engine = await engines.find(([kind]) => kind === 'onnx')![1]();
      const program = engine.compile(lossProgram(base), { name: 'hyper' });
      const inputs = programInputs(batch, constants, base);
      const before = await program.run(inputs);
      const key = `hyper.${name}`;
      const moved = Float32Array.of(inputs[key]!.data[0]! - 0.4);
      const after = await program.run({ ...inputs, [key]: { ...inputs[key]!, data: moved } });
      expect(engine.stats().compilations).toBe(1);
      expect(after.loss!.data[0]).not.toBe(before.loss!.data[0]);
      await engine.dispose();
    },
  );
});

describe('the denominators of an optimiser batch', () => {
  const mask = [[1, 1, 0]];

  test('dr_grpo divides by the token limit, as verl has it by that alone', () => {
    const weight = (compat: 'trl' | 'verl', rows: number) => {
      const batch = { mask: Array(rows).fill(mask[0]), maxCompletionLength: 100 };
      return batchConstants(batch, lossConfig({ name: 'dr_grpo', compat })).lossWeights[0]![0];
    };
    expect([weight('verl', 2), weight('trl', 2)]).toEqual([1 / 100, 1 / 200].map(Math.fround));
  });

  test('an entropy quantile needs the entropies', () => {
    const batch = { mask, maxCompletionLength: 3 };
    expect(() => batchConstants(batch, lossConfig({ name: 'grpo', topEntropyQuantile: 0.5 }))).toThrow(
      /needs the entropies/,
    );
  });
});

test('an unknown loss is refused by a list of names', () => {
  expect(() => lossNamed({ name: 'gropo' })).toThrow(/unknown loss "gropo".*grpo, dapo/);
  expect(() => lossNamed({ name: 'luspo', compat: 'verl' })).toThrow(/unknown loss "luspo".*ppo, grpo/);
});
