import type { Recipe } from './recipe-fields.ts';

/** The name of the model whose weights a recipe trains: its own, or that of a draft. */
export const trainedModel = ({ objective, model, draft }: Recipe): string =>
  objective === 'draft' ? (draft.model ?? model) : model;

/** Whether those weights begin as a model that has a name: random ones, and a target's first layers, have none. */
export const beginsAsModel = ({ freshWeights, draft }: Recipe): boolean =>
  !freshWeights && draft.layers === undefined;
