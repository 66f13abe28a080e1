import { captured } from '../rewards/captured.ts';
import type { Environment } from '../src/types.ts';
import { type DatasetOptions, datasetOf, verbatim } from './dataset.ts';

/** How an answer is announced: 'the correct answer is answer2', 'The answer is (B)'. */
const announced = /answer\s+is:?\s*\(?([\w-]+)\)?/gi;

/**
 * Questions with given choices, as LLM-Adapters prepared BoolQ, OpenBookQA and others: columns `instruction`, `output`
 * ('the correct answer is …') and `answer` (github.com/AGI-Edgerunners/LLM-Adapters). The data is not bundled. Other
 * column names: `columns`.
 * @throws InputError as `dataset`.
 */
export function multipleChoice(options: DatasetOptions = {}): Environment {
  return datasetOf(
    {
      name: 'multiple_choice',
      template: '{instruction}',
      system: 'Answer with one line: the correct answer is CHOICE',
      target: '{output}',
      ...options,
    },
    {
      reward: captured({ pattern: announced }),
      given: (completion) => [...completion.matchAll(announced)].at(-1)?.[1]?.toLowerCase(),
      source: 'dataset/boolq or dataset/openbookqa of github.com/AGI-Edgerunners/LLM-Adapters',
      clean: verbatim,
    },
  );
}
