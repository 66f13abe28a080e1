/** The process around a command: where it writes, and how it learns of Ctrl-C. Tests bring their own. */
export interface Io {
  /** A line of output. */
  readonly out: (line: string) => void;
  /** A line for a person when output is for a machine, and errors. */
  readonly err: (line: string) => void;
  /** Whether a person watches: one live line instead of a line a step. */
  readonly tty: boolean;
  /** Calls back at Ctrl-C in place of ending the process; returns how to stop listening. */
  readonly onInterrupt: (callback: () => void) => () => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}

/** npm hands on the SIGINT that the terminal has sent to every process already: two so close are one Ctrl-C. */
const SAME_PRESS = process.env.npm_command === undefined ? 0 : 250;

/** The real process. */
export const processIo: Io = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  tty: process.stdout.isTTY === true,
  onInterrupt: (callback) => {
    let last = Number.NEGATIVE_INFINITY;
    const onSignal = () => {
      const now = performance.now();
      if (now - last >= SAME_PRESS) callback();
      last = now;
    };
    process.on('SIGINT', onSignal);
    return () => process.off('SIGINT', onSignal);
  },
  exit: (code) => process.exit(code),
};
