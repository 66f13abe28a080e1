import type { ExperimentResults, RunResult, VariantResults } from '../../src/report/experiment-results.ts';

// A comparison's results with made-up numbers, for tests of what is drawn from them.

type Interval = [number, number];

function run(variant: string, seed: number, test: number): RunResult {
  return {
    seed,
    job: `${variant}-seed-${seed}`,
    folder: `jobs/${variant}-seed-${seed}`,
    validationBefore: 0.38,
    validation: test + 0.01,
    test,
    testInterval: [test - 0.03, test + 0.03],
    tokens: 297_525 + seed,
    seconds: 80 + seed,
    peakMemory: 512e6 + 1e6 * seed,
    trainableParameters: variant === 'full' ? 806_656 : 46_080,
    lastJump: variant === 'afa-lora' ? 2.4e-6 : null,
    verified: true,
    maxDelta: 1.5e-5,
  };
}

function variant(
  name: string,
  {
    accuracies,
    interval,
    rates,
  }: { accuracies: readonly number[]; interval: Interval; rates: Record<string, number | null> },
): VariantResults {
  const best = Object.entries(rates).reduce((a, b) => ((b[1] ?? -1) > (a[1] ?? -1) ? b : a))[0];
  const lrs = Object.keys(rates);
  const edge = best === lrs[0] ? 'lowest' : best === lrs.at(-1) ? 'highest' : undefined;
  return {
    name,
    settings: { method: name },
    grid: Object.entries(rates).map(([lr, validation]) => ({
      settings: { 'optimizer.lr': Number(lr) },
      job: `${name}-lr-${lr}`,
      seed: 1,
      validation,
      chosen: lr === best,
    })),
    chosen: { 'optimizer.lr': Number(best) },
    edges: edge === undefined ? [] : [{ field: 'optimizer.lr', end: edge }],
    runs: accuracies.map((test, i) => run(name, i + 1, test)),
    mean: {
      value: accuracies.reduce((a, b) => a + b, 0) / accuracies.length,
      interval,
      seeds: accuracies.length,
    },
    overTasks: [interval[0] - 0.01, interval[1] + 0.01],
  };
}

const rates = (...values: (number | null)[]): Record<string, number | null> =>
  Object.fromEntries(['0.0003', '0.001', '0.003', '0.01'].map((lr, i) => [lr, values[i] ?? null]));

/** A comparison of the three methods on one recipe. */
export function madeUpComparison(): ExperimentResults {
  return {
    anneal: '0.0.0',
    format: 1,
    kind: 'compare',
    name: 'made-up',
    command: 'anneal compare recipes/made-up.ts --seeds 3',
    tasks: [
      {
        recipe: 'made-up',
        splits: { train: 7800, validation: 200, test: 500 },
        steps: 150,
        stepZero: [
          { of: 'lora', against: 'afa-lora', maxDifference: 0, allowed: 0, tokens: 160 },
          { of: 'full', against: 'lora', maxDifference: 3e-7, allowed: 1e-5, tokens: 160 },
        ],
        variants: [
          variant('lora', {
            accuracies: [0.78, 0.8, 0.79],
            interval: [0.765, 0.815],
            rates: rates(0.7, 0.78, 0.75, 0.4),
          }),
          variant('afa-lora', {
            accuracies: [0.8, 0.83, 0.82],
            interval: [0.779, 0.855],
            rates: rates(0.71, 0.79, 0.81, 0.6),
          }),
          variant('full', {
            accuracies: [0.86, 0.88, 0.87],
            interval: [0.845, 0.895],
            rates: rates(0.87, 0.85, 0.6, 0.1),
          }),
        ],
        differences: [
          {
            of: 'afa-lora',
            minus: 'lora',
            value: 0.0267,
            interval: [-0.004, 0.057],
            seeds: 3,
            verdict: 'noise',
          },
          { of: 'full', minus: 'lora', value: 0.08, interval: [0.05, 0.11], seeds: 3, verdict: 'better' },
        ],
        gapClosure: { value: 0.333, interval: [-0.05, 0.7], why: null },
      },
    ],
    missing: [],
    rejected: [],
  };
}

/** An ablation of one field, of which two jobs are missing. */
export function madeUpAblation(): ExperimentResults {
  const compared = madeUpComparison();
  const [task] = compared.tasks;
  const [lora] = task!.variants;
  const fractions = [0.3, 0.6, 1].map((fraction, i) => ({
    ...lora!,
    name: `fraction=${fraction}`,
    settings: { 'adapter.schedule.fraction': fraction },
    grid: [],
    chosen: null,
    edges: [],
    runs: [1, 2].map((seed) => run(`fraction-${fraction}`, seed, 0.8 - 0.03 * i + 0.01 * seed)),
    mean: { value: 0.815 - 0.03 * i, interval: [0.75 - 0.03 * i, 0.88 - 0.03 * i] as Interval, seeds: 2 },
  }));
  return {
    ...compared,
    kind: 'ablate',
    name: 'made-up fractions',
    tasks: [{ ...task!, variants: fractions, differences: [], gapClosure: null, stepZero: [] }],
    missing: [{ job: 'fraction-1-seed-3', what: 'fraction=1, seed 3', why: 'not yet run' }],
    rejected: [
      { job: 'fraction-0.6-seed-3', what: 'fraction=0.6, seed 3', why: 'its config differs from the plan' },
    ],
  };
}
