import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Activation, Placement } from '../../src/adapter/adapter-settings.ts';
import { activations, placements } from '../../src/adapter/adapter-settings.ts';
import { adapterPath } from '../../src/adapter/afa-lora.ts';
import { betaSchedule } from '../../src/adapter/anneal/beta-schedule.ts';
import { annealedActivation } from '../../src/adapter/annealed-activation.ts';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import { linear } from '../../src/engine/ops/linear.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { readSafetensors } from '../../src/model/files/safetensors.ts';
import { engines, scalar } from '../model/decoder-programs.ts';
import { fixtures, type Json, knownFields, readGolden } from './golden-files.ts';
import { expectNear, floats } from './golden-tensors.ts';

function oneOf<T extends string>(known: readonly T[], value: string): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw new Error(`"${value}" is none of ${known.join(', ')}`);
  return found;
}

describe('adapters/afa/schedule.json', () => {
  const { tables, convention: _words, ...rest } = readGolden('adapters', 'afa', 'schedule.json');
  knownFields(rest, [], 'schedule.json');

  test.each(tables as Json[])('fraction $f of $N steps', (table) => {
    knownFields(table, ['f', 'N', 'E', 'b'], 'table');
    const { betas, zeroStep } = betaSchedule({
      schedule: { kind: 'linear', fraction: table.f },
      steps: table.N,
      layers: 2,
    });
    expect(zeroStep).toBe(table.E);
    expect(table.b).toHaveLength(table.N + 1);
    for (const [step, expected] of table.b.entries()) {
      const [first, second] = betas(step) as [number, number];
      expect(Math.abs(first - expected), `step ${step}`).toBeLessThanOrEqual(1e-12);
      expect(second).toBe(first);
      expect(first === 0, `step ${step}`).toBe(expected === 0);
    }
  });
});

describe.each(engines)('adapters/afa on %s', (_, open) => {
  const engine = open();
  afterAll(async () => (await engine).dispose());
  const run = async (fn: (inputs: Named<tf.Tensor>) => Named<tf.Tensor>, inputs: Named<HostTensor>) => {
    const program = (await engine).compile(fn, { name: 'afa golden' });
    try {
      return await program.run(inputs);
    } finally {
      await program.dispose();
    }
  };

  describe('phi.json', () => {
    const { rows, note: _words, ...rest } = readGolden('adapters', 'afa', 'phi.json');
    knownFields(rest, [], 'phi.json');

    test.each(rows as Json[])('$activation at β = $b', async (row) => {
      knownFields(row, ['activation', 'b', 'x', 'phi', 'dphi_dx'], 'row');
      const activation: Activation = oneOf(activations, row.activation);
      const phi = ({ x, beta }: Named<tf.Tensor>) => {
        const apply = (given: tf.Tensor) => annealedActivation(given, beta!, activation);
        const sum = (given: tf.Tensor) => tf.sum(apply(given)) as tf.Scalar;
        return { phi: apply(x!), slope: tf.grad(sum)(x!) };
      };
      const out = await run(phi, { x: floats(row.x), beta: scalar(row.b) });
      const float32 = { atol: 1e-6, rtol: 1e-6 };
      expectNear(out.phi!.data, row.phi, 'φ', float32);
      expectNear(out.slope!.data, row.dphi_dx, 'dφ/dx', float32);
    });
  });

  describe('linear.safetensors', async () => {
    const golden = readGolden('adapters', 'afa', 'linear.json');
    const known = ['seed', 'scaling', 'shapes', 'b_values', 'cases', 'worst_f32_minus_f64', 'versions'];
    knownFields(golden, known, 'linear.json');
    const stored = await readSafetensors(join(fixtures, 'adapters', 'afa', 'linear.safetensors'));
    const inputs = Object.fromEntries(
      ['W0', 'x', 'A', 'B', 'c'].map((name) => {
        const { data, shape } = stored[`in.${name}`]!;
        return [name, { data, shape, dtype: 'float32' } as HostTensor];
      }),
    );

    test('every tensor belongs to a case', () => {
      const keys = golden.cases.flatMap(({ key }: Json) =>
        ['f32', 'f64'].flatMap((type) => ['h', 'dx', 'dA', 'dB'].map((part) => `${key}.${type}.${part}`)),
      );
      const expected = [...keys, ...Object.keys(inputs).map((name) => `in.${name}`)];
      expect(Object.keys(stored).sort()).toEqual(expected.sort());
    });

    test.each(golden.cases as Json[])('$key', async (given) => {
      knownFields(given, ['key', 'activation', 'placement', 'b', 'max_abs_f32_minus_f64'], given.key);
      const placement: Placement = oneOf(placements, given.placement);
      const spec = {
        placement,
        activation: oneOf(activations, given.activation),
        scaling: golden.scaling,
      };
      const adapted = ({ W0, x, A, B, c, beta }: Named<tf.Tensor>) => {
        const h = (...[x, a, b]: tf.Tensor[]) => {
          const tensors = { a: a as tf.Tensor2D, b: b as tf.Tensor2D, beta };
          return tf.add(
            linear(x as tf.Tensor2D, W0 as tf.Tensor2D),
            adapterPath(x as tf.Tensor2D, tensors, spec),
          );
        };
        const loss = (...given: tf.Tensor[]) => tf.sum(tf.mul(h(...given), c!)) as tf.Scalar;
        const [dx, dA, dB] = tf.grads(loss)([x!, A!, B!]) as [tf.Tensor, tf.Tensor, tf.Tensor];
        return { h: h(x!, A!, B!), dx, dA, dB };
      };
      const out = await run(adapted, { ...inputs, beta: scalar(given.b) });
      for (const part of ['h', 'dx', 'dA', 'dB']) {
        for (const type of ['f64', 'f32']) {
          const { data, shape } = stored[`${given.key}.${type}.${part}`]!;
          expect(out[part]!.shape).toEqual(shape);
          expectNear(out[part]!.data, data as Float64Array, `${type} ${part}`, { atol: 1e-5, rtol: 1e-5 });
        }
      }
    });
  });
});
