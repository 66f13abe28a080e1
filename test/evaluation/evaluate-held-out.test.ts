import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { choiceAccuracy } from '../../src/evaluation/choice-accuracy.ts';
import { heldOutLoss } from '../../src/evaluation/held-out-loss.ts';
import { wilsonInterval } from '../../src/evaluation/wilson.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import type { ScoreOptions, TextScorer } from '../../src/rollout/text-scorer.ts';
import type { Environment, Task } from '../../src/types.ts';
import { banditRecipe, sevens } from '../pipeline/bandit.ts';

/** A scorer that finds each character of a text as likely as the task's `costs` say: −cost of the text, spread evenly. */
function scorer(seen: ScoreOptions[] = []): TextScorer {
  return {
    scoreTexts: async (requests, options) => {
      seen.push(options);
      return requests.map(({ task, texts }) =>
        texts.map((text, i) => {
          const { length } = [...text];
          const cost = (task.costs as readonly number[])[i]!;
          return Array.from({ length }, () => -cost / length);
        }),
      );
    },
  };
}

const scored = (environment: Environment, tasks: readonly Task[]) => ({
  environment,
  tasks,
  batchSize: 3,
  maxPromptLength: 9,
});
const asking = { ...sevens(), choices: ({ texts, gold }: Task) => ({ texts, gold }) } as Environment;

describe('accuracy by likelihood', () => {
  test('goes by the sum of log-probs, or by that divided by the characters, of which 𝟙 is one', async () => {
    const seen: ScoreOptions[] = [];
    const tasks = [
      // Sums −3 and −4: the first. A character −1 and −0.5: the second.
      { id: 'a', texts: ['abc', 'abcdefgh'], gold: 1, costs: [3, 4] },
      // Sums −2 and −3: the first; a character −1 and −3: the first.
      { id: 'b', texts: ['𝟙𝟙', '1'], gold: 0, costs: [2, 3] },
      // Equal: the first.
      { id: 'c', texts: ['ab', 'cd'], gold: 1, costs: [1, 1] },
    ];
    const result = await choiceAccuracy(scorer(seen), scored(asking, tasks));
    expect(result.acc).toEqual({ value: 1 / 3, interval: wilsonInterval(1, 3) });
    expect(result.acc_norm).toEqual({ value: 2 / 3, interval: wilsonInterval(2, 3) });
    expect(result.logprobs[0]![0]).toBeCloseTo(-3, 12);
    expect(seen).toEqual([{ maxPromptLength: 9, ended: false, size: 3 }]);
  });
});

describe('the validation loss', () => {
  const env = (target: Environment['target']): Environment => ({ ...sevens(), target: target! });

  test('is a mean over tokens, not over targets', async () => {
    const seen: ScoreOptions[] = [];
    const tasks = [
      { id: 'a', text: 'ab', costs: [2] },
      { id: 'b', text: 'abcdef', costs: [4] },
    ];
    const loss = await heldOutLoss(
      scorer(seen),
      scored(
        env(({ text }) => text as string),
        tasks,
      ),
    );
    expect(loss).toBeCloseTo(6 / 8, 12);
    expect(seen).toEqual([{ maxPromptLength: 9, ended: true, size: 3 }]);
  });

  test('leaves out tasks that say they have no target, and is not there when none has one', async () => {
    const some = env(({ id }) => {
      if (id === 'b') throw new InputError('no answer in the row');
      return 'ab';
    });
    const tasks = [
      { id: 'a', costs: [3] },
      { id: 'b', costs: [9] },
    ];
    expect(await heldOutLoss(scorer(), scored(some, tasks))).toBeCloseTo(1.5, 12);
    expect(await heldOutLoss(scorer(), scored(some, tasks.slice(1)))).toBeUndefined();
  });
});

describe('a recipe that asks its environment for what it lacks is refused', () => {
  test.each(['acc', 'acc_norm'] as const)('eval.accuracy %s without choices()', (accuracy) => {
    expect(() => parseRecipe(banditRecipe({ eval: { accuracy } }))).toThrow(
      new RegExp(`eval\\.accuracy.*'${accuracy}' needs an environment with choices\\(\\); "sevens" has none`),
    );
  });

  test('eval.loss without target()', () => {
    const { target: _, ...targetless } = sevens();
    expect(() => parseRecipe(banditRecipe({ env: targetless, eval: { loss: true } }))).toThrow(
      /eval\.loss.*needs an environment with target\(\)/,
    );
  });

  test('packing with objective rl', () => {
    expect(() => parseRecipe(banditRecipe({ optimizer: { lr: 1e-3, packing: 64 } }))).toThrow(
      /optimizer\.packing.*is for objective 'sft'/,
    );
  });
});
