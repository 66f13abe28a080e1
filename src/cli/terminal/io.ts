/** Signals that ask a run to stop: Ctrl-C, a scheduler or an operator, a terminal that closes. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof stopSignals)[number];

/** The process around a command: where it writes, and how it learns of signals. Tests bring their own. */
export interface Io {
  /** A line of output. */
  readonly out: (line: string) => void;
  /** A line for a person when output is for a machine, and errors. */
  readonly err: (line: string) => void;
  /** Whether a person watches: one live line instead of a line a step. */
  readonly tty: boolean;
  /** Calls back at a signal instead of ending the process; returns how to stop listening. */
  readonly onSignal: (callback: (signal: StopSignal) => void) => () => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}

/** Milliseconds within which two signals count as one. */
const SAME_MOMENT = 250;

/**
 * Whether a signal that follows another at once repeats it. A terminal that closes sends SIGHUP by the shell and by the
 * kernel, `timeout` sends SIGTERM to a process and to its group, and npm hands on the SIGINT that the terminal has sent
 * already. Elsewhere two SIGINTs are two presses of Ctrl-C.
 */
const repeats = (signal: StopSignal, before: StopSignal | undefined): boolean =>
  before !== undefined &&
  (signal !== 'SIGINT' || before !== 'SIGINT' || process.env.npm_command !== undefined);

/** The real process. */
export const processIo: Io = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  tty: process.stdout.isTTY === true,
  onSignal: (callback) => {
    let last: { readonly signal: StopSignal; readonly time: number } | undefined;
    const onSignal = (signal: StopSignal) => {
      const time = performance.now();
      const recent = last !== undefined && time - last.time < SAME_MOMENT ? last.signal : undefined;
      last = { signal, time };
      if (!repeats(signal, recent)) callback(signal);
    };
    for (const signal of stopSignals) process.on(signal, onSignal);
    return () => {
      for (const signal of stopSignals) process.off(signal, onSignal);
    };
  },
  exit: (code) => process.exit(code),
};
