import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import '@tensorflow/tfjs-backend-cpu';
import { divergenceHead } from '../../../src/algorithm/draft/divergence-head.ts';
import type { DivergenceName } from '../../../src/algorithm/draft/divergences.ts';
import { createOnnxEngine } from '../../../src/engine/onnx/onnx-engine.ts';
import * as tf from '../../../src/engine/tfjs.ts';

beforeEach(() => tf.setBackend('cpu'));

type Matrix = number[][];
interface Case {
  readonly loss: DivergenceName;
  readonly softcap: number;
  readonly temperature: number;
  readonly hidden: Matrix;
  readonly weight: Matrix;
  readonly targetHidden: Matrix;
  readonly targetWeight: Matrix;
  readonly targets: number[];
  readonly weights: number[];
  readonly divergence: number[];
  readonly acceptance: number[];
  readonly logRatio: number[];
  readonly hiddenGradient: Matrix;
  readonly weightGradient: Matrix;
}

/** What torch made of them in float64: test/fixtures/own/draft/record.py. */
const cases: Case[] = JSON.parse(
  readFileSync(new URL('../../fixtures/own/draft/divergences.json', import.meta.url), 'utf8'),
);

type Given = Readonly<Record<string, tf.Tensor>>;

function rowsOf(found: Case, given: Given, chunk: number, weightGradient = true) {
  const { softcap, loss } = found;
  const head = (hidden: tf.Tensor, weight: tf.Tensor) => ({
    hidden: hidden as tf.Tensor2D,
    weight: weight as tf.Tensor2D,
    softcap,
  });
  return divergenceHead(
    {
      target: head(given.targetHidden!, given.targetWeight!),
      draft: head(given.hidden!, given.weight!),
      targets: given.targets as tf.Tensor1D,
      temperature: given.temperature as tf.Scalar,
    },
    { loss, chunk, chunks: 0, weightGradient },
  );
}

/** Everything that torch recorded, from the function as a program. */
function trace(found: Case, chunk: number) {
  return (given: Given) => {
    let rows!: ReturnType<typeof rowsOf>;
    const loss = (hidden: tf.Tensor, weight: tf.Tensor) => {
      const made = rowsOf(found, { ...given, hidden, weight }, chunk);
      rows = {
        divergence: tf.keep(made.divergence),
        acceptance: tf.keep(made.acceptance),
        logRatio: tf.keep(made.logRatio),
      };
      return tf.sum(tf.mul(made.divergence, given.weights!)) as tf.Scalar;
    };
    const { grads } = tf.valueAndGrads(loss)([given.hidden!, given.weight!]);
    return { ...rows, hiddenGradient: grads[0]!, weightGradient: grads[1]! };
  };
}

const inputsOf = (found: Case) => ({
  hidden: tf.tensor2d(found.hidden),
  weight: tf.tensor2d(found.weight),
  targetHidden: tf.tensor2d(found.targetHidden),
  targetWeight: tf.tensor2d(found.targetWeight),
  targets: tf.tensor1d(found.targets, 'int32'),
  weights: tf.tensor1d(found.weights),
  temperature: tf.scalar(found.temperature),
});

const outputs = ['divergence', 'acceptance', 'logRatio', 'hiddenGradient', 'weightGradient'] as const;

function expectRecorded(found: Case, made: Readonly<Record<string, ArrayLike<number>>>): void {
  for (const name of outputs) {
    const expected = (found[name] as (number | number[])[]).flat();
    expect(made[name]!.length, name).toBe(expected.length);
    for (const [i, value] of expected.entries()) expect(made[name]![i], `${name} ${i}`).toBeCloseTo(value, 4);
  }
}

describe.each(cases)('$loss, soft cap $softcap, temperature $temperature', (found) => {
  test.each([256, 3])('is what torch computes, in chunks of %i', (chunk) => {
    const made = trace(found, chunk)(inputsOf(found));
    expectRecorded(found, Object.fromEntries(Object.entries(made).map(([name, x]) => [name, x.dataSync()])));
  });

  test('is what torch computes as an onnx program', async () => {
    const engine = await createOnnxEngine({ threads: 1 });
    try {
      const program = engine.compile(trace(found, 3), { name: 'divergence' });
      const given = Object.entries(inputsOf(found)).map(([name, x]) => [
        name,
        { data: x.dataSync(), shape: x.shape, dtype: x.dtype },
      ]);
      const out = await program.run(Object.fromEntries(given));
      expectRecorded(found, Object.fromEntries(Object.entries(out).map(([name, { data }]) => [name, data])));
    } finally {
      await engine.dispose();
    }
  });
});

test('a head that does not train gets no gradient', () => {
  const [found] = cases;
  const given = inputsOf(found!);
  const loss = (hidden: tf.Tensor) =>
    tf.sum(tf.mul(rowsOf(found!, { ...given, hidden }, 3, false).divergence, given.weights)) as tf.Scalar;
  const gradient = tf.grad(loss)(given.hidden).dataSync();
  for (const [i, value] of found!.hiddenGradient.flat().entries()) expect(gradient[i]).toBeCloseTo(value, 4);
});
