import type { StoredAdapter } from '../../adapter/stored-adapter.ts';
import type { EngineChoice } from '../../engine/select/select-engine.ts';
import type { ChatOptions } from '../../model/tokenizer/tokenizer.ts';
import type { BaseDtype } from '../../model/weights/base-weights.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { ChunkedPrefill } from '../../rollout/session/chunked-entrance.ts';
import type { Message } from '../../types.ts';
import type {
  GeneratedToken,
  GenerationDelta,
  GenerationEnd,
  GenerationRequest,
  ServedModel,
  ServiceStats,
} from '../model-service.ts';
import type { DraftSource } from './served-draft.ts';

/** An adapter's place: a folder in PEFT layout, or a run's checkpoint with the run's recipe. */
export type AdapterSource =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'checkpoint'; readonly path: string; readonly recipe: Recipe };

/** What the base model is loaded from: a model's path, or a checkpoint of a run that trains all weights. */
export type BaseSource =
  | { readonly kind: 'model'; readonly path: string }
  | { readonly kind: 'checkpoint'; readonly path: string; readonly recipe: Recipe };

/** What a person named, and where it lies. */
export interface Named<T> {
  readonly name: string;
  /** As a person wrote it. */
  readonly given: string;
  readonly source: T;
}

/** How the models compute. */
export interface ServiceSettings {
  readonly engine: EngineChoice;
  readonly baseDtype: BaseDtype;
  /** Bytes of keys and values of all models together. */
  readonly cacheBytes: number;
  readonly chunked: ChunkedPrefill;
}

/** What the thread that holds the models is asked for. `commits` are what the program takes names on the hub for. */
export interface ServiceCalls {
  open(
    base: Named<BaseSource>,
    adapters: readonly Named<AdapterSource>[],
    draft: DraftSource | undefined,
    settings: ServiceSettings,
    commits: readonly (readonly [string, string])[],
  ): readonly ServedModel[];
  encode(text: string): readonly number[];
  encodeChat(messages: readonly Message[], options: ChatOptions): readonly number[];
  decode(ids: readonly number[]): string;
  generate(request: GenerationRequest, onDelta: (delta: GenerationDelta) => void): GenerationEnd;
  scorePrompt(
    model: string,
    ids: readonly number[],
    topLogprobs: number,
  ): readonly (GeneratedToken | undefined)[];
  setAdapter(name: string, given: string, adapter: StoredAdapter): ServedModel;
  /** Tells the numbers of the models as they change, until it is given up. */
  watch(onStats: (stats: ServiceStats) => void): void;
  dispose(): void;
}
