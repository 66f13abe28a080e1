import { channel } from 'node:diagnostics_channel';

/** What a download tells of itself. */
export type HubEvent =
  /** Files are about to be downloaded; `bytes` are those still missing. */
  | { readonly type: 'start'; readonly what: string; readonly files: number; readonly bytes: number }
  /** Bytes have arrived; negative where some had to be thrown away. */
  | { readonly type: 'bytes'; readonly what: string; readonly bytes: number }
  | { readonly type: 'end'; readonly what: string }
  /** Something that a person should know: a wait, a copy used without asking. */
  | { readonly type: 'note'; readonly text: string };

/**
 * Where downloads tell how they go: `subscribe` of node:diagnostics_channel hears `HubEvent`s. The command line shows
 * them; a program hears nothing unless it listens.
 */
export const hubEvents = channel('anneal:hub');

export const tell = (event: HubEvent): void => hubEvents.publish(event);
