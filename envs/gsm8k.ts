import { answerNumber, exactNumber } from '../rewards/exact-number.ts';
import type { Environment } from '../src/types.ts';
import { type DatasetOptions, datasetOf } from './dataset.ts';

export type Gsm8kOptions = DatasetOptions;

/**
 * GSM8K: grade-school word problems whose answer is one number, written after `####` on the last line (Cobbe et al.
 * 2021, arXiv 2110.14168): columns `question` and `answer`. The data is not bundled: give its path.
 * @throws InputError as `dataset`.
 */
export function gsm8k(options: Gsm8kOptions = {}): Environment {
  return datasetOf(
    {
      name: 'gsm8k',
      system:
        'Solve the problem in a few short steps. End with a line of four hash signs and the number alone, like: #### 42',
      template: '{question}',
      target: '{solution}',
      answer: 'hash',
      ...options,
    },
    {
      reward: exactNumber({ after: '####' }),
      given: (completion) => answerNumber(completion, '####') ?? answerNumber(completion),
      source:
        'grade_school_math/data of github.com/openai/grade-school-math, or openai/gsm8k:main of the hub',
      // Calculator annotations (<<48/2=24>>) are for a tool, not for a reader.
      clean: (solution) => solution.replace(/<<[^>]*>>/g, ''),
    },
  );
}
