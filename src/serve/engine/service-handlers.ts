import { takeCommits } from '../../hub/revisions.ts';
import type { Handlers } from '../../workers/protocol.ts';
import type { ServiceStats } from '../model-service.ts';
import { openModels } from './open-models.ts';
import type { ServedModels } from './served-models.ts';
import type { ServiceCalls } from './service-calls.ts';

/** Milliseconds between two reports of the numbers. */
const REPORTED_EVERY = 50;

/** Answers the calls to the models of a service, which the first of them loads. */
export function serviceHandlers(): Handlers<ServiceCalls> {
  let opened: ServedModels | undefined;
  const models = (): ServedModels => {
    if (opened === undefined) throw new Error('the models have not been loaded');
    return opened;
  };
  return {
    async open(_, base, adapters, draft, settings, commits) {
      takeCommits(commits);
      opened = await openModels({ base, adapters, draft }, settings);
      return opened.describe();
    },
    encode: (_, text) => models().text.tokenizer.encode(text),
    encodeChat: (_, messages, options) => models().text.tokenizer.encodeChat(messages, options),
    decode: (_, ids) => models().text.tokenizer.decode(ids),
    generate: (signal, request, onDelta) => models().generate(request, onDelta, signal),
    scorePrompt: (signal, model, ids, topLogprobs) => models().score({ model, ids, topLogprobs }, signal),
    setAdapter: (_, name, given, adapter) => models().add({ name, given }, adapter),
    watch: (signal, onStats) => watch(models(), onStats, signal),
    dispose: () => opened?.dispose(),
  };
}

/** Reports the numbers as they change, at most so often, and the last ones in any case. */
function watch(
  models: ServedModels,
  onStats: (stats: ServiceStats) => void,
  signal: AbortSignal,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  models.onChange = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      onStats(models.stats());
    }, REPORTED_EVERY);
  };
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      models.onChange = () => {};
      reject(signal.reason);
    });
  });
}
