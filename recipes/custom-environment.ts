import { defineRecipe, type Environment } from 'anneal';
import { exactNumber } from 'anneal/rewards';

/** An environment yields the tasks and makes a prompt of each. Here the policy adds the double of a number: 17+9*2=. */
const doubles: Environment = {
  name: 'doubles',
  async *tasks(split) {
    for (let i = 0; i < 240; i++) {
      const place = (77 * i) % 240;
      const [a, n] = [1 + (place % 30), 2 + Math.floor(place / 30)];
      // A tenth of the tasks is held out. Each task is in one split.
      if ((i % 10 === 0) === (split === 'test')) yield { id: `${a}+${n}`, a, n, answer: a + 2 * n };
    }
  },
  prompt: ({ a, n }) => [{ role: 'user', content: `${a}+${n}*2=` }],
};

/** GRPO on the embedded model with a custom environment. */
export default defineRecipe({
  name: 'custom-environment',
  model: 'tiny',
  env: doubles,
  rewards: [{ reward: exactNumber() }],
  sampling: { groupSize: 8, promptsPerStep: 8, maxNewTokens: 24 },
  optimizer: { lr: 1e-3, warmupSteps: 5, microBatchSize: 64 },
  steps: 60,
  seed: 1,
  eval: { every: 20, tasks: 24 },
});
