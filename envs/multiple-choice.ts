import { captured } from '../rewards/captured.ts';
import type { Environment } from '../src/types.ts';
import { type DatasetOptions, datasetOf, verbatim } from './dataset.ts';
import { questionOf, targetOf } from './dataset-task.ts';
import { givenChoices } from './given-choices.ts';

/** How an answer is announced: 'the correct answer is answer2', 'The answer is (B)'. */
const announced = /answer\s+is:?\s*\(?([\w-]+)\)?/gi;

/**
 * Questions with given choices, as LLM-Adapters prepared BoolQ, OpenBookQA and others: columns `instruction`, `output`
 * ('the correct answer is …') and `answer` (github.com/AGI-Edgerunners/LLM-Adapters). The data is not bundled. Other
 * column names: `columns`. The choices, for accuracy by likelihood, are those that the question's last line names:
 * 'Answer format: true/false'.
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
      choices: (task, options) =>
        givenChoices({
          question: questionOf(task, options),
          target: targetOf(task, options),
          answer: String(task.answer),
        }),
    },
  );
}
