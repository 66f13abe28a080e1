import type { HostTensor, Named } from '../engine/engine.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import { modelPath } from '../model/config/model-path.ts';
import { readModelConfig } from '../model/read-config.ts';
import { checkVocabularies } from '../model/tokenizer/same-vocabulary.ts';
import { loadTokenizer, type Tokenizer } from '../model/tokenizer/tokenizer.ts';
import type { BaseDtype } from '../model/weights/base-weights.ts';
import { loadWeights } from '../model/weights/load-weights.ts';

/** A model in memory, and where it was loaded from. */
interface Parts {
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly weights: Named<HostTensor>;
  readonly source?: string;
}

/**
 * Loads a draft of a target. Weights that are the target's own, such as its embeddings and its head, are held once.
 * @param dtype how its weights are held in memory.
 * @throws InputError as `loadModel` does, and when its vocabulary is another one than the target's.
 */
export async function draftParts(
  source: string,
  target: Parts,
  dtype: BaseDtype = 'float32',
): Promise<Parts> {
  const path = await modelPath(source);
  const config = await readModelConfig(path);
  const tokenizer = await loadTokenizer(path);
  const names = { target: target.source ?? 'the model', draft: source };
  checkVocabularies(target, { config, tokenizer }, names);
  const loaded = Object.entries(await loadWeights(path, config, dtype));
  const weights = loaded.map(([name, tensor]) => [name, shared(tensor, target.weights[name])] as const);
  return { config, tokenizer, weights: Object.fromEntries(weights), source: path };
}

/** A tensor, in the other's array where that is the same. */
function shared(tensor: HostTensor, other: HostTensor | undefined): HostTensor {
  if (other === undefined || other.data.length !== tensor.data.length) return tensor;
  return tensor.data.every((value, i) => value === other.data[i]) ? other : tensor;
}
