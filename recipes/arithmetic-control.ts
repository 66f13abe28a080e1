import { defineRecipe } from 'anneal';
import { exactNumber, shuffled } from 'anneal/rewards';
import arithmetic from './arithmetic.ts';

/**
 * The control of recipes/arithmetic.ts: the same run, but each reward goes to a completion picked at random. Held-out accuracy
 * must not rise. The true reward stays as a metric of weight 0, by which accuracy is measured.
 */
export default defineRecipe({
  ...arithmetic,
  name: 'arithmetic-control',
  rewards: [{ reward: exactNumber(), weight: 0 }, { reward: shuffled(exactNumber()) }],
});
