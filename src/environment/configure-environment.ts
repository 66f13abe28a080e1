import { AnnealError, InputError } from '../errors.ts';
import type { Environment } from '../types.ts';
import { isEnvironment } from './ask-environment.ts';
import { whatFailed } from './user-code/what-failed.ts';

/**
 * An environment with other options, by its configure().
 * @param given the first of them as it was given, for messages.
 * @throws InputError when it takes none, or configure() fails or gives no environment.
 */
export function configureEnvironment(
  env: Environment,
  options: Readonly<Record<string, unknown>>,
  given: string,
): Environment {
  if (env.configure === undefined)
    throw new InputError(`--set ${given}: env "${env.name}" takes no options: it has no configure()`);
  let changed: unknown;
  try {
    changed = env.configure(options);
  } catch (cause) {
    if (cause instanceof AnnealError) throw cause;
    throw new InputError(`env "${env.name}": configure() failed: ${whatFailed(cause)}`, { cause });
  }
  if (isEnvironment(changed)) return changed;
  throw new InputError(
    `env "${env.name}": configure() must give the environment with those options, { name, tasks, prompt }`,
  );
}
