import type { CreatePolicy } from '../../src/policy/policy.ts';
import { Connection } from '../../src/workers/connection.ts';
import type { PolicyCalls } from '../../src/workers/policy-calls.ts';
import { RemotePolicy } from '../../src/workers/remote-policy.ts';
import { startThread } from '../../src/workers/start-thread.ts';
import { recipeWithoutCode } from '../../src/workers/without-code.ts';
import { Bandit } from '../pipeline/bandit.ts';

/** Makes bandits in threads that their updates hold; gives the connection to each. */
export const blockingPolicy =
  (onOpen: (connection: Connection<PolicyCalls>) => void = () => {}): CreatePolicy =>
  async (recipe) => {
    const connection = new Connection<PolicyCalls>(
      startThread(new URL('./blocking-thread', import.meta.url)),
    );
    onOpen(connection);
    const here = new Bandit({ steps: recipe.steps });
    const { seenPrompt, usesPrompt } = here;
    const texts = { ...here.snapshot(), seenPrompt, usesPrompt, tokenTexts: () => [] };
    const opened = await connection.call('open', [recipeWithoutCode(recipe), []]);
    return new RemotePolicy({ connection, opened, texts });
  };
