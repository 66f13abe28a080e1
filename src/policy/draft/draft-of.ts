import { InputError } from '../../errors.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import { modelPath } from '../../model/config/model-path.ts';
import { readModelConfig } from '../../model/read-config.ts';
import { checkVocabularies } from '../../model/tokenizer/same-vocabulary.ts';
import { loadTokenizer, type Tokenizer } from '../../model/tokenizer/tokenizer.ts';
import { firstLayers } from '../../model/weights/first-layers.ts';
import { loadWeights } from '../../model/weights/load-weights.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { DraftedModel } from './draft-target.ts';

/** A model that was loaded, and from where. */
export interface LoadedParts extends DraftedModel {
  readonly tokenizer: Tokenizer;
  readonly path: string;
}

/**
 * Makes the draft that a recipe trains for a target: the target's first layers, which share its arrays, or another
 * model.
 * @throws InputError when the target has no more layers than asked for, when there is no such model, or when it has
 * another vocabulary or too few positions.
 */
export async function draftOf(recipe: Recipe, target: LoadedParts): Promise<LoadedParts> {
  const { layers, model } = recipe.draft;
  if (model === undefined) {
    if (layers! < target.config.layers) return { ...target, ...firstLayers(target, layers!) };
    throw new InputError(
      `draft.layers is ${layers}, and the target ${recipe.model} has ${target.config.layers} layers: a draft needs fewer`,
    );
  }
  const path = await modelPath(model);
  const config = await readModelConfig(path);
  const names = { target: recipe.model, draft: model };
  checkVocabularies(target, { config, tokenizer: await loadTokenizer(path) }, names);
  checkPositions(recipe, config, target.config);
  const weights = await loadWeights(path, config, recipe.runtime.baseDtype);
  return { config, weights, path, tokenizer: target.tokenizer };
}

function checkPositions({ draft, sampling }: Recipe, config: ModelConfig, target: ModelConfig): void {
  const { maxPositionEmbeddings: positions } = config;
  const longest = Math.min(target.maxPositionEmbeddings, sampling.maxPromptLength + sampling.maxNewTokens);
  if (positions >= longest) return;
  throw new InputError(
    `the draft ${draft.model} has ${positions} positions, and texts may have ${longest} tokens: lower sampling.maxPromptLength and sampling.maxNewTokens`,
  );
}
