import { mathReward } from '../rewards/math.ts';
import type { Environment } from '../src/types.ts';
import { type DatasetOptions, datasetOf, mathAnswer, verbatim } from './dataset.ts';

/**
 * Competition mathematics with worked solutions: columns `problem` and `solution`, the answer in the last \boxed{…}
 * (MATH, Hendrycks et al. 2021, arXiv 2103.03874). The data is not bundled. Other column names: `columns`.
 * @throws InputError as `dataset`.
 */
export function math(options: DatasetOptions = {}): Environment {
  return datasetOf(
    {
      name: 'math',
      columns: { question: 'problem', answer: 'solution' },
      template: '{question}\n\nReason step by step, and put the final answer within \\boxed{}.',
      target: '{solution}',
      answer: 'boxed',
      ...options,
    },
    {
      reward: mathReward(),
      given: mathAnswer,
      source: 'MATH as .jsonl or .parquet (github.com/hendrycks/math)',
      clean: verbatim,
    },
  );
}
