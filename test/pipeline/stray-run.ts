import { trainWith } from '../../src/pipeline/train.ts';
import type { RewardBatch } from '../../src/types.ts';
import { Bandit, banditRecipe, right } from './bandit.ts';

// A program that trains: `stray-run.ts OUT WHOSE HANDLED`. At step 4 a timer throws, the reward's or the program's own.

const [out, whose, handled] = process.argv.slice(2);
const fail = () => setTimeout(() => Promise.reject(new Error('boom')), 1);

const judge = (batch: RewardBatch) => {
  if (batch.step === 4 && whose === 'reward') fail();
  return right(batch);
};
if (handled === 'handled') process.on('uncaughtException', (error) => console.log(`host: ${error.message}`));

const train = trainWith(async ({ steps }) => new Bandit({ steps, sampleTime: 5, updateTime: 5 }));
const recipe = banditRecipe({
  rewards: [{ reward: judge }],
  checkpoint: { every: 3 },
  eval: { every: 0, tasks: 3 },
});
train(recipe, { out: out! }).subscribe({
  next: (event) => {
    if (event.type === 'step' && event.metrics.step === 4 && whose === 'host') fail();
    if (event.type === 'done') console.log('done');
  },
  error: (error: Error) => console.log(`${error.name}: ${error.message}`),
});
