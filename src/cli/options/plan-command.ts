/** Options with a value, and without, that change no digit of a plan. */
const PLACES = new Set(['--out', '--jobs']);
const MANNERS = new Set(['--resume', '--json']);

/** The command line that makes a plan, as a shell takes it: without what changes no digit. */
export function planCommand(args: readonly string[]): string {
  const kept: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (PLACES.has(arg)) i++;
    else if (/^--(out|jobs|dashboard)=/.test(arg)) continue;
    else if (arg === '--dashboard') i += /^\d+$/.test(args[i + 1] ?? '') ? 1 : 0;
    else if (!MANNERS.has(arg)) kept.push(arg);
  }
  return ['anneal', ...kept].map(quoted).join(' ');
}

const quoted = (arg: string): string =>
  /^[\w./:=,@%+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
