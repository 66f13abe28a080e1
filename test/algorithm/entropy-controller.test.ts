import { expect, test } from 'vitest';
import {
  endEntropyStep,
  entropyCoefficient,
  observeEntropy,
  startEntropy,
} from '../../src/algorithm/entropy-controller.ts';

const options = { coef: 0.2, target: 1, delta: 0.1, min: 0.1, max: 0.35 };

test('the bonus is off until a first entropy was measured, then on while entropy is low', () => {
  let state = startEntropy(options);
  expect(entropyCoefficient(state, options)).toBe(0);
  state = endEntropyStep(observeEntropy(state, 0.5, 10), options);
  expect(entropyCoefficient(state, options)).toBeCloseTo(0.3);
  state = endEntropyStep(observeEntropy(state, 2, 10), options);
  expect(entropyCoefficient(state, options)).toBe(0);
});

test('micro-batches weigh by their tokens', () => {
  const state = endEntropyStep(observeEntropy(observeEntropy(startEntropy(options), 0, 30), 4, 10), options);
  expect(state.lastEntropy).toBe(1);
});

test('the coefficient stays within its bounds, and the state survives JSON', () => {
  expect(JSON.parse(JSON.stringify(startEntropy(options)))).toEqual(startEntropy(options));
  let state = startEntropy(options);
  for (let i = 0; i < 5; i++) state = endEntropyStep(observeEntropy(state, 0, 1), options);
  expect(state.coef).toBe(0.35);
  expect(JSON.parse(JSON.stringify(state))).toEqual(state);
});
