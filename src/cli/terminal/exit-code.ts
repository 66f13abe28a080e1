import { CommanderError } from 'commander';
import { whatFailed } from '../../environment/user-code/what-failed.ts';
import type { StopSignal } from './io.ts';

/** What a command ends with. */
export const exitCodes = { done: 0, failed: 1, badInput: 2 } as const;

/** What a run ends with that a signal stopped: 128 and the signal's number, as a shell tells it. */
export const signalCodes: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

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
  const expected = ['RunError', 'DivergedError', 'RefusedError', 'EngineError', 'AnnealError'].includes(
    error.name,
  );
  return {
    code: exitCodes.failed,
    text: expected ? `error: ${error.message}` : (error.stack ?? error.message),
  };
}

/**
 * The lines to print for an error that nothing could catch: one line when it comes from a user's file, as `reportOf`
 * otherwise.
 */
export function strayReport(error: unknown): string {
  const what = whatFailed(error);
  const ours = error instanceof Error && what === error.message;
  return ours ? reportOf(error).text : `error: ${what}`;
}
