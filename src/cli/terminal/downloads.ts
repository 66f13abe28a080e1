import cliProgress from 'cli-progress';
import { type HubEvent, hubEvents } from '../../hub/base/hub-events.ts';
import { bytes } from './format.ts';
import type { Io } from './io.ts';

/** Shows downloads from the hub until the function that it returns is called. */
export function showDownloads(io: Io): () => void {
  const bars = io.tty && process.stderr.isTTY && !process.env.HF_HUB_DISABLE_PROGRESS_BARS;
  const show = bars ? liveBars(io) : plainLines(io);
  const listener = (event: unknown) => show(event as HubEvent);
  hubEvents.subscribe(listener);
  return () => hubEvents.unsubscribe(listener);
}

/** One line for each download. */
function plainLines(io: Io): (event: HubEvent) => void {
  return (event) => {
    if (event.type === 'note') io.err(event.text);
    if (event.type === 'start') io.err(`downloading ${titleOf(event)}, ${bytes(event.bytes)}`);
  };
}

const titleOf = ({ what, files }: Extract<HubEvent, { type: 'start' }>): string =>
  `${what}: ${files} ${files === 1 ? 'file' : 'files'}`;

/** A bar for each download, on stderr: stdout may be read by a program. */
function liveBars(io: Io): (event: HubEvent) => void {
  const bars = new Map<string, cliProgress.SingleBar>();
  return (event) => {
    if (event.type === 'note') io.err(event.text);
    else if (event.type === 'start') {
      const bar = barFor(titleOf(event));
      bar.start(event.bytes, 0);
      bars.set(event.what, bar);
    } else if (event.type === 'bytes') bars.get(event.what)?.increment(event.bytes);
    else bars.get(event.what)?.stop();
  };
}

function barFor(title: string): cliProgress.SingleBar {
  return new cliProgress.SingleBar({
    format: `{bar} ${title}  {value} of {total}  {percentage}%  ETA {eta_formatted}`,
    formatValue: (value, _, type) => (type === 'value' || type === 'total' ? bytes(value) : String(value)),
    barsize: 24,
    barCompleteChar: '━',
    barIncompleteChar: '─',
    stream: process.stderr,
    hideCursor: true,
    gracefulExit: false,
  });
}
