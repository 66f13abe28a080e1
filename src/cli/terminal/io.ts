/** What a command uses of its process. Tests pass their own. */
export interface Io {
  /** Writes a line of output. */
  readonly out: (line: string) => void;
  /** Writes an error, or a line for a person while the output is for a machine. */
  readonly err: (line: string) => void;
  /** True on a terminal: a run then shows one live line instead of a line for each step. */
  readonly tty: boolean;
  /** Calls back at Ctrl-C, and the process goes on. Returns a function that stops listening. */
  readonly onInterrupt: (callback: () => void) => () => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}

/** Under npm one Ctrl-C arrives twice: from the terminal and from npm. Two signals within this many ms count as one. */
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
