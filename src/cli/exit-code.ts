import { CommanderError } from 'commander';

/** What a command ends with. */
export const exitCodes = { done: 0, failed: 1, badInput: 2, interrupted: 130 } as const;

/**
 * Returns the exit code of an error and the text to print. For an error of anneal the text is its message, for any
 * other error, which is a bug, the stack. Classes are compared by name because a recipe may load a second copy of
 * anneal.
 */
export function reportOf(error: unknown): { readonly code: number; readonly text: string } {
  if (error instanceof CommanderError) {
    // Commander has printed its message, or the help that was asked for.
    return { code: error.exitCode === 0 ? exitCodes.done : exitCodes.badInput, text: '' };
  }
  if (!(error instanceof Error)) return { code: exitCodes.failed, text: `error: ${error}` };
  if (error.name === 'InputError') return { code: exitCodes.badInput, text: `error: ${error.message}` };
  const expected = ['RunError', 'RefusedError', 'EngineError', 'AnnealError'].includes(error.name);
  return {
    code: exitCodes.failed,
    text: expected ? `error: ${error.message}` : (error.stack ?? error.message),
  };
}
