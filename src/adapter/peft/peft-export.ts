import type { HostTensor } from '../../engine/engine.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import { scalingOf } from '../adapter-spec.ts';
import { adapterNames } from '../adapter-tensors.ts';
import type { LowRank } from '../dora.ts';
import type { StoredAdapter } from '../stored-adapter.ts';
import { linearModules, storedLinears } from '../target-modules.ts';

// An adapter as PEFT and vLLM both read it: one rank, one alpha, no patterns, no modules_to_save.
//
// Where modules differ in rank or scaling, A and B are padded with zeros to the largest rank, lora_alpha is that rank,
// and B carries the scaling. Layers that the checkpoint stores as one get one adapter: A's are stacked, and B is block-
// diagonal. An adapter under another one is stacked with it the same way: B·A + B'·A' = [B B']·[A; A']. All of this is
// exact but for the rounding of B.

/** The content of an adapter's files. */
export interface PeftExport {
  readonly config: PeftSettings;
  readonly tensors: Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>;
}

/** The settings of adapter_config.json that an export varies. */
export interface PeftSettings {
  readonly r: number;
  readonly lora_alpha: number;
  readonly use_rslora: boolean;
  readonly use_dora: boolean;
  readonly lora_bias: boolean;
  readonly target_modules: readonly string[];
}

/** The adapter of one layer as the checkpoint stores it. */
interface StoredModule {
  readonly path: string;
  /** Output rows of each part, and the low-rank terms on it. */
  readonly parts: readonly { readonly rows: number; readonly terms: readonly LowRank[] }[];
}

/** Makes the files of a linear adapter for PEFT. `under` is merged in, `weights` and `afa` are left out. */
export function peftExport(adapter: StoredAdapter, config: ModelConfig): PeftExport {
  const stack = adapter.under ? [adapter.under, adapter] : [adapter];
  const linears = linearModules(config);
  const modules = Object.entries(storedLinears(config)).flatMap(([path, parts]): StoredModule[] => {
    const own = parts.map((part) => ({
      rows: linears[part]![0],
      terms: stack.flatMap((each) => termOf(each, part)),
    }));
    return own.some(({ terms }) => terms.length > 0) ? [{ path, parts: own }] : [];
  });
  const blocks = modules.map(({ path, parts }) => ({ path, parts, downs: distinctDowns(parts) }));
  const plain = plainSettings(
    adapter,
    blocks.map(({ downs }) => downs.length),
  );
  const rank = plain?.r ?? Math.max(...blocks.map(({ downs }) => rankOf(downs)));
  const tensors = blocks.flatMap(({ path, parts, downs }) => [
    ...Object.entries(blockTensors(path, { parts, downs, rank, folds: plain === undefined })),
    ...extraTensors(adapter, { path, parts: storedLinears(config)[path]!, folds: plain === undefined }),
  ]);
  const settings = plain ?? { r: rank, lora_alpha: rank, use_rslora: false };
  return {
    config: {
      ...settings,
      use_dora: adapter.spec.dora,
      lora_bias: adapter.spec.loraBias,
      target_modules: targetNames(
        blocks.map(({ path }) => path),
        config,
      ),
    },
    tensors: Object.fromEntries(tensors),
  };
}

function termOf({ spec, tensors }: StoredAdapter, module: string): LowRank[] {
  const adapted = spec.modules[module];
  if (adapted === undefined) return [];
  const { a, b } = adapterNames(module);
  return [{ a: tensors[a]!, b: tensors[b]!, scaling: scalingOf(adapted, spec.rsLora) }];
}

/** The different A of a layer: parts that were loaded from one adapter share theirs. */
function distinctDowns(parts: StoredModule['parts']): HostTensor[] {
  const downs: HostTensor[] = [];
  for (const { a } of parts.flatMap(({ terms }) => terms)) {
    if (!downs.some((down) => same(down, a))) downs.push(a);
  }
  return downs;
}

const same = (x: HostTensor, y: HostTensor) =>
  x.data.length === y.data.length && x.data.every((value, i) => value === y.data[i]);

const rankOf = (downs: readonly HostTensor[]) => downs.reduce((sum, { shape }) => sum + shape[0]!, 0);

/** The adapter's own settings where they hold for every module; undefined where tensors have to carry them. */
function plainSettings(
  { spec, under }: StoredAdapter,
  blocks: readonly number[],
): Pick<PeftSettings, 'r' | 'lora_alpha' | 'use_rslora'> | undefined {
  const [first, ...others] = Object.values(spec.modules);
  const alike = others.every(({ rank, alpha }) => rank === first!.rank && alpha === first!.alpha);
  if (under !== undefined || !alike || blocks.some((count) => count > 1)) return undefined;
  return { r: first!.rank, lora_alpha: first!.alpha, use_rslora: spec.rsLora };
}

/** A [R, in] and B [out, R] of a layer: each term's B stands in its part's rows and its A's columns. */
function blockTensors(
  path: string,
  {
    parts,
    downs,
    rank,
    folds,
  }: {
    readonly parts: StoredModule['parts'];
    readonly downs: readonly HostTensor[];
    readonly rank: number;
    readonly folds: boolean;
  },
): PeftExport['tensors'] {
  const inputs = downs[0]!.shape[1]!;
  const outputs = parts.reduce((sum, { rows }) => sum + rows, 0);
  const a = new Float32Array(rank * inputs);
  const b = new Float32Array(outputs * rank);
  const starts = downs.map((_, i) => rankOf(downs.slice(0, i)));
  for (const [i, down] of downs.entries()) a.set(down.data, starts[i]! * inputs);
  let row = 0;
  for (const { rows, terms } of parts) {
    for (const term of terms) {
      const start = starts[downs.findIndex((down) => same(down, term.a))]!;
      const own = term.a.shape[0]!;
      for (let o = 0; o < rows; o++) {
        for (let r = 0; r < own; r++) {
          b[(row + o) * rank + start + r]! += term.b.data[o * own + r]! * (folds ? term.scaling : 1);
        }
      }
    }
    row += rows;
  }
  const names = adapterNames(path);
  return {
    [names.a]: { data: a, shape: [rank, inputs] },
    [names.b]: { data: b, shape: [outputs, rank] },
  };
}

/** Biases of B and DoRA's magnitudes of a layer, its parts' one after the other. */
function extraTensors(
  { spec, tensors }: StoredAdapter,
  {
    path,
    parts,
    folds,
  }: {
    readonly path: string;
    readonly parts: readonly string[];
    readonly folds: boolean;
  },
): [string, PeftExport['tensors'][string]][] {
  const joined = (kind: 'bias' | 'magnitude', scaled: boolean): [string, PeftExport['tensors'][string]] => {
    const values = parts.flatMap((part) => {
      const factor = scaled ? scalingOf(spec.modules[part]!, spec.rsLora) : 1;
      return Array.from(tensors[adapterNames(part)[kind]]!.data, (value) => value * factor);
    });
    return [adapterNames(path)[kind], { data: Float32Array.from(values), shape: [values.length] }];
  };
  return [
    ...(spec.loraBias ? [joined('bias', folds)] : []),
    ...(spec.dora ? [joined('magnitude', false)] : []),
  ];
}

/** The adapted layers by their short names where those mean the same ones, else by their paths. */
function targetNames(paths: readonly string[], config: ModelConfig): string[] {
  const last = (path: string) => path.slice(path.lastIndexOf('.') + 1);
  const names = [...new Set(paths.map(last))];
  const meant = Object.keys(storedLinears(config)).filter((path) => names.includes(last(path)));
  return meant.length === paths.length ? names : [...paths];
}

/** What serving an exported adapter with vLLM needs, or why it can't; empty when nothing. */
export function servingNotes({ r, use_dora, lora_bias }: PeftSettings): string[] {
  if (use_dora) return ['vLLM has no DoRA: serve the merged model'];
  if (lora_bias) return ['vLLM reads no bias of an adapter (lora_bias): serve the merged model'];
  if (r <= 16) return [];
  const enough = vllmRanks.find((rank) => rank >= r);
  if (enough === undefined)
    return [`vLLM takes adapters up to rank 512, this one has ${r}: serve the merged model`];
  return [`the adapter has rank ${r}: vLLM takes it with --max-lora-rank ${enough}`];
}

/** What vLLM's --max-lora-rank may be; 16 is its default. */
const vllmRanks = [16, 32, 64, 128, 256, 320, 512];
