import type { TensorToWrite } from '../files/encode-floats.ts';

/** Tensors that go into one file. */
export interface Shard {
  readonly file: string;
  readonly tensors: readonly TensorToWrite[];
}

/**
 * Deals tensors out to files of at most `shardBytes` bytes, in their order. A tensor that is larger than that has a file
 * of its own. What fits one file is model.safetensors; else the files are model-00001-of-0000N.safetensors and so on.
 */
export function dealShards(
  tensors: readonly TensorToWrite[],
  {
    shardBytes,
    bytesOf,
  }: { readonly shardBytes: number; readonly bytesOf: (tensor: TensorToWrite) => number },
): Shard[] {
  const groups: TensorToWrite[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor);
    if (bytes > room || groups.length === 0) {
      groups.push([]);
      room = shardBytes;
    }
    groups.at(-1)!.push(tensor);
    room -= bytes;
  }
  const five = (n: number) => String(n).padStart(5, '0');
  return groups.map((group, i) => ({
    file:
      groups.length === 1
        ? 'model.safetensors'
        : `model-${five(i + 1)}-of-${five(groups.length)}.safetensors`,
    tensors: group,
  }));
}

/** Makes the content of model.safetensors.index.json, keys in transformers' order. */
export function shardIndex(
  shards: readonly Shard[],
  totals: { readonly parameters: number; readonly bytes: number },
): object {
  const places = shards.flatMap(({ file, tensors }) => tensors.map(({ name }) => [name, file] as const));
  return {
    metadata: { total_parameters: totals.parameters, total_size: totals.bytes },
    weight_map: Object.fromEntries(places.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
