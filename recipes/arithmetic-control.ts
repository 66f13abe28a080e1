import { defineRecipe } from 'anneal';
import { exactNumber, shuffled } from 'anneal/rewards';
import arithmetic from './arithmetic.ts';

/**
 * The control of recipes/arithmetic.ts: the same run, but the rewards are dealt out at random. Held-out accuracy must
 * not rise. The true reward stays with weight 0, because accuracy is measured by it.
 */
export default defineRecipe({
  ...arithmetic,
  name: 'arithmetic-control',
  rewards: [{ reward: exactNumber(), weight: 0 }, { reward: shuffled(exactNumber()) }],
});
