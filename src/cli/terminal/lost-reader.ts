import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** What writing says when nobody reads: a pipe, a terminal or a connection has closed. */
const readerGone = ['EPIPE', 'EIO', 'ECONNRESET', 'ENOTCONN'];

/**
 * Lets the process outlive whoever reads its output (`anneal run … | head`, a terminal that closes): a run goes on to
 * its end, and its folder has it all.
 */
export function outliveReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!readerGone.includes(error.code ?? '')) throw error;
    });
  }
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.on('exit', () => {
    // Node aborts at its end where it can't set a terminal back that has closed.
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
  });
}
