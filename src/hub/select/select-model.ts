import { InputError } from '../../errors.ts';
import type { RepoFile } from '../base/repo-file.ts';
import { titleOf } from '../base/repository.ts';
import { chooseGguf, ggufModels } from './gguf-files.ts';
import { safetensorsOf } from './safetensors-files.ts';
import type { Offer, Selection, Wanted } from './selection.ts';

/** Config, tokenizer and templates: the small text files beside the weights, and SentencePiece's model. */
const SETTINGS = /^(?:[^/]+\.(?:json|jinja|txt|model)|additional_chat_templates\/[^/]+\.jinja)$/;
/** Of other frameworks, and of training. */
const OTHERS = /\.(?:bin|h5|msgpack|pth|pt|onnx|ot)\.index\.json$|^(?:trainer_state|optimizer|scheduler)\b/;
const ADAPTER = { config: 'adapter_config.json', weights: 'adapter_model.safetensors' } as const;
/** Weights that are pickled, so that loading them may run what they say. */
const PICKLED = /\.(?:bin|pth|pt|ckpt)$/;

/**
 * Chooses the files of a model or adapter: safetensors before GGUF, and nothing of other frameworks (.bin, .pth, ONNX,
 * TensorFlow, Flax).
 * @throws InputError when what is wanted is not there, or there are several GGUF models and none is named.
 */
export async function selectModel(offer: Offer, wanted: Exclude<Wanted, 'data'>): Promise<Selection> {
  const { files, part, repository } = offer;
  const settings = files.filter(({ path }) => SETTINGS.test(path) && !OTHERS.test(path));
  if (part !== undefined && wanted !== 'adapter') return withGguf(settings, chooseGguf(offer, part));
  if (part !== undefined)
    throw new InputError(
      `${repository.name}:${part}: an adapter is named without a part: ${repository.name}`,
    );
  if (wanted === 'adapter' || (wanted === 'either' && holds(files, ADAPTER.config)))
    return { settings, weights: adapterWeights(offer), path: '' };
  const tokenizer = settings.filter(({ path }) => path === 'tokenizer.json');
  if (wanted === 'tokenizer' && tokenizer.length > 0)
    return { settings: settings.filter((file) => file !== tokenizer[0]), weights: tokenizer, path: '' };
  const weights = await safetensorsOf(offer);
  if (weights.length > 0) return { settings, weights, path: '' };
  if (ggufModels(files).length === 0) throw new InputError(noWeights(offer));
  return withGguf(settings, chooseGguf(offer, undefined));
}

const holds = (files: readonly RepoFile[], name: string): boolean => files.some(({ path }) => path === name);

/** Settings are read where they lie beside the file. */
const withGguf = (settings: readonly RepoFile[], weights: readonly RepoFile[]): Selection => ({
  settings,
  weights,
  path: weights[0]!.path,
});

function adapterWeights({ files, repository }: Offer): RepoFile[] {
  if (!holds(files, ADAPTER.config))
    throw new InputError(`${titleOf(repository)} is no adapter: it has no ${ADAPTER.config}`);
  const weights = files.filter(({ path }) => path === ADAPTER.weights);
  if (weights.length > 0) return weights;
  throw new InputError(
    `${repository.name} has its adapter not as ${ADAPTER.weights}, and pickled files (.bin) are not loaded: save it as safetensors with PEFT`,
  );
}

function noWeights({ files, repository }: Offer): string {
  const title = titleOf(repository);
  if (holds(files, ADAPTER.config))
    return `${repository.name} is an adapter: name its base as the model, and ${repository.name} as the adapter`;
  const pickled = files.find(({ path }) => PICKLED.test(path));
  return pickled === undefined
    ? `${title} has no weights that are read here: neither model.safetensors (or its shards) nor a .gguf file`
    : `${title} has its weights as ${pickled.path} alone, and pickled files are not loaded: name a repository with safetensors, or save it as such with transformers`;
}
