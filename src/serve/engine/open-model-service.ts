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
}

/**
 * Loads models, and serves them from a thread of their own.
 * @throws InputError when a model or adapter can't be had or does not fit; AnnealError when it can't be downloaded.
 * @example
 * const service = await openModelService({ model: 'tiny', adapters: { mine: 'runs/mine' } });
 */
export async function openModelService(options: ModelServiceOptions): Promise<ModelService> {
  const { model, name, adapters } = options;
  const sources = await findSources(model, adapters, name);
  const module = new URL('./service-worker', import.meta.url);
  // TensorFlow reads its settings from the process's environment, not from a copy.
  const connection = new Connection<ServiceCalls>(startThread(module, { env: SHARE_ENV }));
  try {
    const { base } = sources;
    const opening = connection.call('open', [base, sources.adapters, settingsOf(options), knownCommits()]);
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

/** Where the base's tokenizer lies: a run that trains all weights has that of the model it began with. */
const tokenizerPath = ({ base: { source } }: Sources): Promise<string> =>
  modelPath(source.kind === 'model' ? source.path : source.recipe.model);
