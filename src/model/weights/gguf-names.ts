import { outerModules } from '../families/gguf-form.ts';
import { families } from '../families/index.ts';

/** The layers' modules of a family, by llama.cpp's names for them. */
type Modules = Readonly<Record<string, string>>;

/** The Hugging Face name of a tensor that llama.cpp names; a name that the family does not have stays as it is. */
export function huggingFaceName(name: string, modelType: string): string {
  const [, layer, module = '', kind] = /^(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const modules = layer === undefined ? outerModules : layerModules(modelType);
  if (!Object.hasOwn(modules, module)) return name;
  return layer === undefined
    ? `${modules[module]}.${kind}`
    : `model.layers.${layer}.${modules[module]}.${kind}`;
}

/** llama.cpp's name of a Hugging Face tensor; undefined for a name that the family does not have. */
export function ggufName(name: string, modelType: string): string | undefined {
  const [, layer, module = '', kind] = /^(?:model\.layers\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name) ?? [];
  const modules = layer === undefined ? outerModules : layerModules(modelType);
  const found = Object.keys(modules).find((stored) => modules[stored] === module);
  if (found === undefined) return undefined;
  return layer === undefined ? `${found}.${kind}` : `blk.${layer}.${found}.${kind}`;
}

const layerModules = (modelType: string): Modules => families[modelType]!.gguf.layer;
