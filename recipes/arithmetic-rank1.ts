import { defineRecipe } from 'anneal';
import arithmetic from './arithmetic.ts';

/**
 * recipes/arithmetic.ts with the smallest adapter: rank 1, on the attention's projections alone. It asks whether LoRA
 * and AFA-LoRA still keep up with full fine-tuning (`--method`) when the adapter is this small.
 */
export default defineRecipe({
  ...arithmetic,
  name: 'arithmetic-rank1',
  adapter: {
    ...arithmetic.adapter,
    rank: 1,
    alpha: 2,
    targetModules: ['q_proj', 'k_proj', 'v_proj', 'o_proj'],
  },
  compare: {
    grid: {
      lora: { 'optimizer.lr': [1e-3, 3e-3, 1e-2, 3e-2] },
      'afa-lora': { 'optimizer.lr': [1e-3, 3e-3, 1e-2, 3e-2] },
      full: { 'optimizer.lr': [1e-5, 3e-5, 1e-4, 3e-4] },
    },
  },
});
