import { describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/select/select-engine.ts';
import type { TrainRollout } from '../../src/policy/batch/train-batch.ts';
import type { RecipeInput } from '../../src/recipe/recipe.ts';
import { greatestGap, mixed, recorded, rollOut, withAdvantages, withReference } from '../policy/rollouts.ts';
import { openTiny, type Tiny, trainedOf } from '../policy/tiny-policy.ts';
import { hasTfjsNode } from './tfjs-node.ts';

/**
 * Sampling and whole training steps on the eager path that `node` and `gpu` share, on real TensorFlow: equal to the
 * onnx engine's. Without the package the tests skip; `bash scripts/build-tfjs-node.sh` puts it there.
 */
const title = 'training on engine node';
const why = '@tensorflow/tfjs-node is not installed: bash scripts/build-tfjs-node.sh builds it';

const TOLERANCE = 1e-4;

/** The same policy on both engines: off the start (B ≠ 0), half-way through the anneal, with a KL term. */
async function both(
  method: NonNullable<RecipeInput['method']>,
): Promise<Readonly<Record<'onnx' | 'node', Tiny>>> {
  // With AdamW's usual eps a gradient of mere rounding error makes a step of the whole learning rate.
  const optimizer = { lr: 1e-3, eps: 1e-6, microBatchSize: 5 };
  const options = {
    recipe: {
      method,
      steps: 4,
      optimizer,
      algorithm: { klCoef: 0.1 },
      ...(method === 'afa-lora' && { adapter: { schedule: { fraction: 1 } } }),
    },
    trained: true,
  };
  const node = () => openEngine({ engine: 'node', device: 'cpu', threads: 1 });
  return { onnx: await openTiny(options), node: await openTiny({ ...options, open: node }) };
}

/** Takes two steps on the same rollouts: in the second one the ratio is not 1 any more. */
async function twoSteps({ policy }: Tiny, scored: readonly TrainRollout[]) {
  const rollouts = await withReference(policy, scored);
  const steps = [];
  for (let step = 0; step < 2; step++) {
    const { compilations, ...metrics } = await policy.update({ objective: 'rl', rollouts });
    steps.push(metrics);
  }
  return steps;
}

if (!hasTfjsNode) test.skip(`${title}: ${why}`, () => {});

describe.skipIf(!hasTfjsNode).each(['lora', 'afa-lora', 'full'] as const)(`${title}: %s`, (method) => {
  test('two steps have the metrics, the trained tensors and the logits that onnx has', async () => {
    const { onnx, node } = await both(method);
    const scored = withAdvantages(await rollOut(onnx), mixed);
    const start = trainedOf(onnx.policy);
    const expected = await twoSteps(onnx, scored);
    const actual = await twoSteps(node, scored);
    for (const [step, metrics] of expected.entries()) {
      expect(Object.keys(actual[step]!)).toEqual(Object.keys(metrics));
      expect(greatestGap(Object.values(actual[step]!), Object.values(metrics))).toBeLessThan(TOLERANCE);
    }
    expect(expected[1]!.kl).toBeGreaterThan(0);
    const [got, want] = [trainedOf(node.policy), trainedOf(onnx.policy)];
    for (const [name, data] of Object.entries(want)) {
      expect(greatestGap(data, start[name]!), name).toBeGreaterThan(5 * TOLERANCE);
      expect(greatestGap(got[name]!, data), name).toBeLessThan(TOLERANCE);
    }
    const batch = { inputIds: [[61, 70, 99, 64]], attentionMask: [[1, 1, 1, 1]] };
    const logits = await Promise.all([node, onnx].map(({ policy }) => policy.logits(batch)));
    expect(greatestGap(logits[0]!.data, logits[1]!.data)).toBeLessThan(TOLERANCE);
  });

  test('its sampler draws what onnx draws, with the same log-probs', async () => {
    const { onnx, node } = await both(method);
    const [expected, actual] = [await rollOut(onnx), await rollOut(node)];
    const ids = (rollouts: typeof actual) => rollouts.map(({ tokenIds }) => tokenIds);
    expect(ids(actual)).toEqual(ids(expected));
    expect(greatestGap(recorded(actual), recorded(expected))).toBeLessThan(TOLERANCE);
  });
});
