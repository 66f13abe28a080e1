import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';

/** How the hub is reached and where its files are kept, as Python's huggingface_hub reads it from the environment. */
export interface HubSettings {
  /** HF_ENDPOINT: where the hub is, without a slash at the end. */
  readonly endpoint: string;
  /** HF_HUB_CACHE: where files are kept; `hub` below HF_HOME by default. */
  readonly cache: string;
  /** HF_TOKEN, or what the file HF_HOME/token holds. */
  readonly token: string | undefined;
  /** HF_HUB_OFFLINE: nothing is asked of the network. */
  readonly offline: boolean;
  /** HF_HUB_DOWNLOAD_TIMEOUT: milliseconds without a byte after which a connection counts as dead. */
  readonly idle: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings. @throws InputError when a variable's value makes no sense. */
export function hubSettings(env: Environment = process.env): HubSettings {
  const home = expanded(env.HF_HOME || join(env.XDG_CACHE_HOME || '~/.cache', 'huggingface'));
  return {
    endpoint: endpointOf(env.HF_ENDPOINT || 'https://huggingface.co'),
    cache: expanded(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, 'hub')),
    token: tokenOf(env, home),
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    idle: 1000 * secondsOf(env.HF_HUB_DOWNLOAD_TIMEOUT || '10'),
  };
}

const isTrue = (value: string | undefined): boolean => /^(?:1|on|yes|true)$/i.test(value ?? '');

/** A path with ~ for the home folder. */
const expanded = (path: string): string => path.replace(/^~(?=$|\/)/, homedir());

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new InputError(
      `HF_ENDPOINT is "${text}", which is no address: write https://huggingface.co or leave it out`,
    );
  return text.replace(/\/+$/, '');
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds < 1e6) return seconds;
  throw new InputError(`HF_HUB_DOWNLOAD_TIMEOUT is "${text}": it takes seconds, such as 10`);
}

function tokenOf(env: Environment, home: string): string | undefined {
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  const given = (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || '').trim();
  if (given !== '') return checked(given, 'HF_TOKEN');
  const path = expanded(env.HF_TOKEN_PATH || join(home, 'token'));
  return existsSync(path) ? checked(readFileSync(path, 'utf8').trim(), path) : undefined;
}

/** A token goes into a header, which takes no blanks. The error does not repeat it. */
function checked(token: string, where: string): string | undefined {
  if (/^[\x21-\x7e]*$/.test(token)) return token || undefined;
  throw new InputError(
    `the token of ${where} holds a blank or another sign that no token has: copy it again`,
  );
}
