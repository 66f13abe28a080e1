import { z } from 'zod';
import { positiveInt } from '../../options/ranges.ts';
import { divergenceNames } from './divergences.ts';

/** `draft` of a recipe: which draft is trained for the recipe's model, its target, with objective 'draft'. */
export const draft = z.strictObject({
  layers: positiveInt
    .optional()
    .describe(
      "the draft is the target's own first so many layers with its final norm and head, and needs no second model",
    ),
  model: z
    .string()
    .optional()
    .describe('the draft is another, smaller model with the same tokenizer, named as `model` is'),
  loss: z
    .enum(divergenceNames)
    .default('forward')
    .describe(
      'what is minimised between target p and draft q: KL(p‖q), KL(q‖p), or the total variation, of which 1 − TV is the acceptance rate',
    ),
  tokens: positiveInt
    .default(4)
    .describe('γ: how many tokens the draft proposes at a time, for the acceptance length of evaluations'),
});
