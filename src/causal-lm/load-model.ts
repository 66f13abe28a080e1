import type { Engine } from '../engine/engine.ts';
import { type EngineChoice, openEngine } from '../engine/select/select-engine.ts';
import { InputError } from '../errors.ts';
import { modelPath } from '../model/config/model-path.ts';
import { readModelConfig } from '../model/read-config.ts';
import { loadTokenizer } from '../model/tokenizer/tokenizer.ts';
import { type BaseDtype, bytesPerWeight } from '../model/weights/base-weights.ts';
import { loadWeights } from '../model/weights/load-weights.ts';
import type { CausalLM } from './causal-lm.ts';
import { LoadedModel } from './loaded-model.ts';

export interface LoadModelOptions {
  /**
   * An open engine, or the choice of one to open. The caller closes an open engine; the model closes its own. Default:
   * engine 'auto' on all cores.
   */
  readonly engine?: Engine | Partial<EngineChoice>;
  /** How the weights are held in memory, as a recipe's `runtime.baseDtype`. Default: float32. */
  readonly baseDtype?: BaseDtype;
}

/**
 * Loads a causal language model: a folder in Hugging Face layout (with safetensors or one .gguf file), a .gguf file,
 * 'tiny', the embedded model, or a model on the Hugging Face hub: `owner/name[@revision][:quantisation]`.
 * @throws InputError when there is no such model, its files are damaged, its architecture is not supported, or
 * baseDtype is none;
 * AnnealError when it can't be downloaded.
 * @example
 * const model = await loadModel('runs/mine/merged');
 */
export async function loadModel(
  source: string,
  { engine = {}, baseDtype = 'float32' }: LoadModelOptions = {},
): Promise<CausalLM> {
  if (!Object.hasOwn(bytesPerWeight, baseDtype)) {
    const known = Object.keys(bytesPerWeight).join(', ');
    throw new InputError(`loadModel: baseDtype is ${JSON.stringify(baseDtype)}; it may be ${known}`);
  }
  const path = await modelPath(source);
  const config = await readModelConfig(path);
  const tokenizer = await loadTokenizer(path);
  const parts = { config, tokenizer, weights: await loadWeights(path, config, baseDtype), source: path };
  if ('compile' in engine) return new LoadedModel({ engine, ownsEngine: false, ...parts });
  const opened = await openEngine({ engine: 'auto', device: 'cpu', threads: 0, ...engine });
  return new LoadedModel({ engine: opened, ownsEngine: true, ...parts });
}
