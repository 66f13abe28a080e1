import type { HostTensor } from '../../engine/engine.ts';
import { InputError } from '../../errors.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import type { StoredTensor } from '../../model/files/safetensors.ts';
import { expectedTensors } from '../../model/weights/expected-tensors.ts';
import { storedTensors } from '../../model/weights/fused.ts';
import { HEAD } from '../stored-adapter.ts';

// The tensors of an adapter_model.safetensors. Versions of PEFT differ in their names: with or without the adapter's
// name ('lora_A.default.weight'), the prefix 'base_model.model.', the '.weight' of magnitudes.

/** The tensors of a file by their present names, each to be taken once. */
export class AdapterFile {
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
    const head = [config.vocabSize, config.hiddenSize];
    const shapes: Record<string, number[]> = { ...expectedTensors(config), [HEAD]: head };
    const known = new Map(storedTensors(config).map((tensor) => [tensor.name, tensor]));
    known.set(HEAD, { name: HEAD, shape: head, parts: [HEAD] });
    const weights: Record<string, HostTensor> = {};
    for (const [name, found] of this.left) {
      const target = known.get(name.slice(PREFIX.length));
      if (target === undefined)
        throw new InputError(`${this.path} holds "${found.stored}", ${unasked(name)}`);
      const whole = this.checked(found, target.shape);
      let start = 0;
      for (const part of target.parts) {
        const rows = shapes[part]![0]!;
        weights[part] = rowsOf(whole, start, rows);
        start += rows;
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
      : ': is the adapter for another model?';
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
export function rowsOf({ data, shape, dtype }: HostTensor, start: number, count: number): HostTensor {
  const width = shape.slice(1).reduce((product, size) => product * size, 1);
  return {
    data: data.subarray(start * width, (start + count) * width),
    shape: [count, ...shape.slice(1)],
    dtype,
  };
}
