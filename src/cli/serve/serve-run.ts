import { InputError } from '../../errors.ts';
import type { CreatePolicy, Policy } from '../../policy/policy.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { ModelService } from '../../serve/model-service.ts';
import type { TrainEvent } from '../../types.ts';
import { serverDefaults } from './serve-options.ts';

/** As commander gives `--serve [port]`: true without a port. */
export type ServeRunOption = string | true;

/** The name of the policy that trains. */
const POLICY = 'policy';

export const serveRunOption = [
  '--serve [port]',
  `serve the policy as it is after each step, as OpenAI’s API on 127.0.0.1 (port ${serverDefaults.port}; 0 for any free one)`,
] as const;

/** A server of the policy that a run trains. */
export interface ServedRun {
  readonly url: string;
  /** Makes the run's policy, and remembers it. */
  readonly createPolicy: CreatePolicy;
  /** Hands a new state of the policy over after each step. */
  readonly follow: (event: TrainEvent) => void;
  close(): Promise<void>;
}

interface ServedRunOptions {
  readonly option: ServeRunOption;
  readonly createPolicy: CreatePolicy;
  /** Says something to the person who runs this. */
  readonly note: (text: string) => void;
}

/**
 * Serves a run's base, and its adapter as `policy` at its β of the moment, from a thread of its own with weights of its
 * own. Requests under way finish with the adapter that they began with.
 * @throws InputError where there is no adapter to show, or it can't listen there.
 */
export async function serveRun(
  recipe: Recipe,
  { option, createPolicy, note }: ServedRunOptions,
): Promise<ServedRun> {
  const port = portOf(option);
  checkServed(recipe);
  const { host, maxQueue, requestTimeout, bodyLimit } = serverDefaults;
  const { openModelService } = await import('../../serve/engine/open-model-service.ts');
  const { checkAddress, startServer } = await import('../../serve/http/start-server.ts');
  await checkAddress(host, port);
  const { device, threads, baseDtype, engine } = recipe.runtime;
  const service = await openModelService({
    model: recipe.model,
    engine: { engine, device, threads },
    baseDtype,
  });
  const shown = new ShownPolicy(service, recipe.name, note);
  const settings = { cors: [], maxQueue, requestTimeout, bodyLimit: bodyLimit * 1e6 };
  try {
    const onBug = (error: unknown) => note(error instanceof Error ? String(error.stack) : String(error));
    const server = await startServer(service, { ...settings, host, port, onBug });
    return {
      url: server.url,
      createPolicy: async (given) => shown.show(await createPolicy(given)),
      follow: (event) => {
        if (event.type === 'step') shown.refresh();
      },
      async close() {
        await server.stop(0);
        await shown.settled();
        await service.close();
      },
    };
  } catch (error) {
    await service.close();
    throw error;
  }
}

/** Hands a policy's adapter to a service, one state at a time; of states that come meanwhile, the last. */
class ShownPolicy {
  private readonly service: ModelService;
  private readonly source: string;
  private readonly note: (text: string) => void;
  private policy: Policy | undefined;
  private handing: Promise<void> | undefined;
  private waits = false;

  constructor(service: ModelService, source: string, note: (text: string) => void) {
    this.service = service;
    this.source = source;
    this.note = note;
  }

  show(policy: Policy): Policy {
    this.policy = policy;
    this.refresh();
    return policy;
  }

  refresh(): void {
    if (this.handing === undefined) this.handing = this.hand();
    else this.waits = true;
  }

  async settled(): Promise<void> {
    this.policy = undefined;
    await this.handing;
  }

  private async hand(): Promise<void> {
    try {
      do {
        this.waits = false;
        const adapter = await this.policy?.adapter?.();
        if (adapter !== undefined) await this.service.setAdapter(POLICY, adapter, this.source);
      } while (this.waits);
    } catch (error) {
      // The run has ended, or its thread: the run itself says so.
      if (this.policy !== undefined)
        this.note(`the policy could not be served: ${error instanceof Error ? error.message : error}`);
    } finally {
      this.handing = undefined;
    }
  }
}

function checkServed({ method, objective }: Recipe): void {
  if (method === 'full')
    throw new InputError(
      "--serve shows the adapter that trains, and method 'full' has none: serve the run when it has ended",
    );
  if (objective === 'draft')
    throw new InputError(
      '--serve shows the policy that trains, and a draft is none: serve the target with --draft',
    );
}

function portOf(option: ServeRunOption): number {
  const port = option === true ? serverDefaults.port : Number(option);
  if (option === true || (/^\d+$/.test(option) && port <= 65_535)) return port;
  throw new InputError(`--serve takes a port from 0 to 65535 (got "${option}")`);
}
