import type { HostTensor } from '../engine/engine.ts';
import { InputError } from '../errors.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import type { StoredTensor } from '../model/files/safetensors.ts';
import { expectedTensors } from '../model/weights/load-weights.ts';
import { adapterNames } from './adapter-tensors.ts';
import type { PeftConfig } from './peft-config.ts';
import type { PeftModule } from './peft-modules.ts';
import { linearModules, storedLinears } from './target-modules.ts';

// The tensors of an adapter_model.safetensors. Versions of PEFT differ in their names: with or without the adapter's
// name ('lora_A.default.weight'), the prefix 'base_model.model.', the '.weight' of magnitudes.

/** The tensors of an adapter file for a model. */
export interface AdapterTensors {
  /** A, B and what else the adapter has for each module of ours, by `adapterNames`. */
  readonly tensors: Record<string, HostTensor>;
  /** Whole weights and biases that the adapter brings, by their names in the model. */
  readonly weights: Record<string, HostTensor>;
}

/**
 * Sorts and checks the tensors of an adapter file. Layers that the checkpoint stores as one are split: their parts share
 * A, and each has its rows of B.
 * @throws InputError naming a tensor that is missing, not asked for, of the wrong shape or not float.
 */
export function adapterTensors(
  stored: Readonly<Record<string, StoredTensor>>,
  {
    peft,
    modules,
    config,
    path,
  }: {
    readonly peft: PeftConfig;
    readonly modules: readonly PeftModule[];
    readonly config: ModelConfig;
    /** Name of the file, for errors. */
    readonly path: string;
  },
): AdapterTensors {
  const file = new AdapterFile(stored, path);
  const linears = linearModules(config);
  const tensors = modules.flatMap(({ path: module, parts, rank }) => {
    const inputs = linears[parts[0]!]![1];
    const rows = parts.map((part) => linears[part]![0]);
    const outputs = rows.reduce((sum, count) => sum + count, 0);
    const names = adapterNames(module);
    const a = file.take(names.a, [rank, inputs]);
    const rowwise = { b: file.take(names.b, [outputs, rank]) } as Partial<
      Record<keyof typeof names, HostTensor>
    >;
    if (peft.loraBias) rowwise.bias = file.take(names.bias, [outputs]);
    if (peft.dora) rowwise.magnitude = file.take(names.magnitude, [outputs]);
    return parts.flatMap((part, i): [string, HostTensor][] => {
      const own = adapterNames(part);
      const start = rows.slice(0, i).reduce((sum, count) => sum + count, 0);
      const sliced = Object.entries(rowwise).map(([kind, tensor]): [string, HostTensor] => [
        own[kind as keyof typeof own],
        rowsOf(tensor, start, rows[i]!),
      ]);
      return [[own.a, a], ...sliced];
    });
  });
  const weights = file.takeWeights(config);
  for (const name of savedWeights(peft, config)) {
    if (Object.hasOwn(weights, name)) continue;
    throw new InputError(`${path} lacks "${name}" of modules_to_save, which its config asks for`);
  }
  return { tensors: Object.fromEntries(tensors), weights };
}

/** Weights and biases of the modules that `modules_to_save` names: as PEFT, those whose path ends with an entry. */
function savedWeights({ modulesToSave }: PeftConfig, config: ModelConfig): string[] {
  const names = [...Object.keys(expectedTensors(config)), 'lm_head.weight'];
  return names.filter((name) =>
    modulesToSave.some((entry) => name.replace(/\.(?:weight|bias)$/, '').endsWith(entry)),
  );
}

/** The tensors of a file by their present names, each to be taken once. */
class AdapterFile {
  private readonly left = new Map<string, { readonly stored: string; readonly tensor: StoredTensor }>();
  private readonly path: string;

  constructor(stored: Readonly<Record<string, StoredTensor>>, path: string) {
    this.path = path;
    for (const [name, tensor] of Object.entries(stored)) {
      const present = presentName(name);
      const twin = this.left.get(present);
      if (twin)
        throw new InputError(`${path} holds "${twin.stored}" and "${name}", which are the same tensor`);
      this.left.set(present, { stored: name, tensor });
    }
  }

  take(name: string, shape: readonly number[]): HostTensor {
    const found = this.left.get(name);
    if (found === undefined) throw new InputError(`${this.path} lacks "${name}", which its config asks for`);
    this.left.delete(name);
    return this.checked(found, shape);
  }

  /** Takes what is left: whole weights of the model. @throws InputError for a tensor that is none. */
  takeWeights(config: ModelConfig): Record<string, HostTensor> {
    const expected = { ...expectedTensors(config), 'lm_head.weight': [config.vocabSize, config.hiddenSize] };
    const fused = fusedTensors(config, expected);
    const weights: Record<string, HostTensor> = {};
    for (const [name, found] of this.left) {
      const own = name.replace(PREFIX, '');
      const parts = fused[own] ?? (Object.hasOwn(expected, own) ? [own] : undefined);
      if (parts === undefined) throw new InputError(`${this.path} holds "${found.stored}", ${unasked(name)}`);
      const shapes = parts.map((part) => (expected as Record<string, number[]>)[part]!);
      const outputs = shapes.reduce((sum, [rows]) => sum + rows!, 0);
      const whole = this.checked(found, [outputs, ...shapes[0]!.slice(1)]);
      let start = 0;
      for (const [i, part] of parts.entries()) {
        weights[part] = rowsOf(whole, start, shapes[i]![0]!);
        start += shapes[i]![0]!;
      }
    }
    return weights;
  }

  private checked(
    { stored, tensor }: { readonly stored: string; readonly tensor: StoredTensor },
    shape: readonly number[],
  ): HostTensor {
    if (tensor.data instanceof Float32Array && tensor.shape.join() === shape.join()) {
      return { data: tensor.data, shape, dtype: 'float32' };
    }
    const hint = /embed_tokens|lm_head/.test(stored)
      ? ': was the vocabulary resized? Put the adapter on the model with that vocabulary'
      : '';
    throw new InputError(
      `${this.path}: "${stored}" is ${tensor.dtype} [${tensor.shape}], but must be float [${shape}]${hint}`,
    );
  }
}

const PREFIX = 'base_model.model.';

/** A tensor's name as PEFT writes it now, with adapters' names left out. */
function presentName(name: string): string {
  const path = PREFIX + name.replace(/^base_model\.model\./, '');
  return path
    .replace(/\.lora_(A|B)\.(?:[^.]+\.)?(weight|bias)$/, '.lora_$1.$2')
    .replace(/\.lora_magnitude_vector(?:\.(?!weight$)[^.]+)?(?:\.weight)?$/, '.lora_magnitude_vector')
    .replace(/\.modules_to_save(?:\.(?!(?:weight|bias)$)[^.]+)?\.(weight|bias)$/, '.$1')
    .replace(/\.base_layer\.(weight|bias)$/, '.$1');
}

function unasked(name: string): string {
  if (/\.lora_embedding_[AB]/.test(name)) return 'an adapter of the embeddings, which is not supported';
  return 'which its config does not ask for';
}

/** Rows of a tensor: a view of the same array. */
function rowsOf({ data, shape, dtype }: HostTensor, start: number, count: number): HostTensor {
  const width = shape.slice(1).reduce((product, size) => product * size, 1);
  return {
    data: data.subarray(start * width, (start + count) * width),
    shape: [count, ...shape.slice(1)],
    dtype,
  };
}

/** Weights and biases of layers that the checkpoint stores as one: their names there → those of their parts. */
function fusedTensors(config: ModelConfig, expected: object): Record<string, string[]> {
  const wholes = Object.entries(storedLinears(config)).filter(([, parts]) => parts.length > 1);
  return Object.fromEntries(
    wholes.flatMap(([path, parts]) =>
      ['weight', 'bias']
        .filter((kind) => Object.hasOwn(expected, `${parts[0]}.${kind}`))
        .map((kind) => [`${path}.${kind}`, parts.map((part) => `${part}.${kind}`)] as const),
    ),
  );
}
