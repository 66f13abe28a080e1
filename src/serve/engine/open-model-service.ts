import { SHARE_ENV } from 'node:worker_threads';
import type { EngineChoice } from '../../engine/select/select-engine.ts';
import { knownCommits } from '../../hub/revisions.ts';
import { modelPath } from '../../model/config/model-path.ts';
import { loadTokenizer } from '../../model/tokenizer/tokenizer.ts';
import type { BaseDtype } from '../../model/weights/base-weights.ts';
import { Connection } from '../../workers/connection.ts';
import { startThread } from '../../workers/start-thread.ts';
import type { ModelService } from '../model-service.ts';
import { RemoteModelService } from './remote-model-service.ts';
import { findDraft } from './served-draft.ts';
import type { ServiceCalls, ServiceSettings } from './service-calls.ts';
import { findSources, type Sources } from './sources.ts';

export interface ModelServiceOptions {
  /** A model as `loadModel` takes it, or a run's folder. */
  readonly model: string;
  /** The name that it is served by. Default: the folder's own name, or the name on the hub. */
  readonly name?: string | undefined;
  /** Adapters to serve on it, by name: runs' folders, adapters' folders, adapters on the hub. */
  readonly adapters?: Readonly<Record<string, string>> | undefined;
  /** Default: engine 'auto' on all cores. */
  readonly engine?: Partial<EngineChoice> | undefined;
  /** How the base is held in memory, as a recipe's `runtime.baseDtype`. Default: float32. */
  readonly baseDtype?: BaseDtype | undefined;
  /** Memory for keys and values, in GB, shared among the models. Default 1. */
  readonly cacheGB?: number | undefined;
  /** Most prompt tokens that are computed between two decoding steps. Default 512. */
  readonly prefillTokens?: number | undefined;
  /**
   * Tokens of a chunk of a prompt: as many are computed of one prompt between two decoding steps, and prompts that begin
   * alike share whole chunks. Default 128.
   */
  readonly prefillChunk?: number | undefined;
  /**
   * A draft, a run with objective 'draft' or a model with the same tokenizer: proposes `draftTokens` tokens at a time (4)
   * for the base model. Its greedy texts are the same but for ties in rounding, its sampled ones have the same
   * distribution; a request's bits depend on what is beside it. Adapters do without.
   */
  readonly draft?: string | undefined;
  readonly draftTokens?: number | undefined;
}

/**
 * Loads models, and serves them from a thread of their own.
 * @throws InputError when a model, adapter or draft can't be had or does not fit; AnnealError when it can't be downloaded.
 * @example
 * const service = await openModelService({ model: 'tiny', adapters: { mine: 'runs/mine' } });
 */
export async function openModelService(options: ModelServiceOptions): Promise<ModelService> {
  const { model, name, adapters, draft, draftTokens } = options;
  const sources = await findSources(model, adapters, name);
  const drafting = await findDraft(draft, draftTokens);
  const module = new URL('./service-worker', import.meta.url);
  // TensorFlow reads its settings from the process's environment, not from a copy.
  const connection = new Connection<ServiceCalls>(startThread(module, { env: SHARE_ENV }));
  try {
    const { base } = sources;
    const settings = settingsOf(options);
    const opened = [base, sources.adapters, drafting, settings, knownCommits()] as const;
    const opening = connection.call('open', [...opened]);
    const [models, tokenizer] = await Promise.all([opening, loadTokenizer(await tokenizerPath(sources))]);
    return new RemoteModelService(connection, models, tokenizer);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function settingsOf({
  engine,
  baseDtype = 'float32',
  cacheGB = 1,
  prefillTokens = 512,
  prefillChunk = 128,
}: ModelServiceOptions): ServiceSettings {
  return {
    engine: { engine: 'auto', device: 'cpu', threads: 0, ...engine },
    baseDtype,
    cacheBytes: cacheGB * 1e9,
    chunked: { chunk: prefillChunk, tokens: prefillTokens },
  };
}

/** Where the base's tokenizer lies: a whole model of a run has that of the recipe's model, a draft its target's. */
const tokenizerPath = ({ base: { source } }: Sources): Promise<string> =>
  modelPath(source.kind === 'model' ? source.path : source.recipe.model);
