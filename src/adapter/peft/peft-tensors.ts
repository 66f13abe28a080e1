import type { HostTensor } from '../../engine/engine.ts';
import { InputError } from '../../errors.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import type { StoredTensor } from '../../model/files/safetensors.ts';
import { expectedTensors } from '../../model/weights/expected-tensors.ts';
import { adapterNames } from '../adapter-tensors.ts';
import { HEAD } from '../stored-adapter.ts';
import { linearModules } from '../target-modules.ts';
import { AdapterFile, rowsOf } from './adapter-file.ts';
import type { PeftConfig } from './peft-config.ts';
import type { PeftModule } from './peft-modules.ts';

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
  const names = [...Object.keys(expectedTensors(config)), HEAD];
  return names.filter((name) =>
    modulesToSave.some((entry) => name.replace(/\.(?:weight|bias)$/, '').endsWith(entry)),
  );
}
