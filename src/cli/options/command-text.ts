/** A command line as a shell takes it. */
export const commandText = (args: readonly string[]): string =>
  ['anneal', ...args]
    .map((arg) => (/^[\w./:=,@+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`))
    .join(' ');
