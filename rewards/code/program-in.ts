import { type Block, blocksIn } from '../text/fenced-block.ts';
import type { CodeTest } from './code-test.ts';
import { definedIn } from './defined-in.ts';
import { isScript } from './is-script.ts';

/** Which of several blocks is the program. */
export type WhichBlock = 'last-with-entry' | 'first-with-entry' | 'last' | 'longest';

export interface Program {
  readonly source: string;
  /** It may hold types. */
  readonly isTypeScript: boolean;
}

const javaScript = ['js', 'javascript', 'node', 'mjs', 'cjs', 'jsx'];
const typeScript = ['ts', 'typescript', 'tsx', 'mts', 'cts'];

/**
 * The program of a completion: the block that `which` picks, or the whole text where there is none.
 * @param prompt what the completion goes on from: it may have opened a fence.
 */
export function programIn(
  completion: string,
  { prompt, tests, which }: { prompt: string; tests: readonly CodeTest[]; which: WhichBlock },
): Program {
  const blocks = blocksIn(openFence(completion, prompt) + completion, [...javaScript, ...typeScript]);
  const block = picked(blocks, tests, which);
  if (block === undefined) return { source: completion, isTypeScript: false };
  return { source: block.body, isTypeScript: typeScript.includes(block.language) };
}

function picked(blocks: readonly Block[], tests: readonly CodeTest[], which: WhichBlock): Block | undefined {
  if (which === 'last') return blocks.at(-1);
  if (which === 'longest')
    return blocks.reduce<Block | undefined>(
      (best, block) => (best === undefined || block.body.length >= best.body.length ? block : best),
      undefined,
    );
  const having = withEntry(blocks, tests);
  return (which === 'first-with-entry' ? having[0] : having.at(-1)) ?? blocks.at(-1);
}

/** The blocks that define the most of what the tests call, and read and write where the tests do. */
function withEntry(blocks: readonly Block[], tests: readonly CodeTest[]): readonly Block[] {
  const names = [...new Set(tests.flatMap((test) => ('assert' in test ? namesIn(test.assert) : [])))];
  const reads = tests.some((test) => 'stdin' in test && test.stdin.trim() !== '');
  const writes = tests.some((test) => 'stdin' in test);
  const suited = blocks.filter(
    ({ body }) =>
      (!reads || /\b(?:readline|readAll)\b/.test(body)) && (!writes || /\b(?:console|print)\b/.test(body)),
  );
  const counts = suited.map(({ body }) => definedIn(body, names).length);
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  return suited.filter((_, i) => counts[i] === most);
}

/** Names in a line of JavaScript, but for properties. */
const namesIn = (line: string): string[] => line.match(/(?<![\w$.'"`])[A-Za-z_$][\w$]*/g) ?? [];

/** The fence that the prompt has opened, or that a completion which begins with code must stand in. */
function openFence(completion: string, prompt: string): string {
  const opened = /(?:^|\n)[ \t]*((?:`{3,}|~{3,})[ \t]*[a-zA-Z]*)[ \t]*\n?$/.exec(prompt)?.[1];
  if (opened !== undefined && /[a-zA-Z]$/.test(opened)) return `${opened}\n`;
  const fence = opened ?? fenceAround(completion);
  return fence === undefined ? '' : `${fence.trim()}js\n`;
}

/** Code, then a fence that names no language, and each later one closed: the first fence ends what nobody opened. */
function fenceAround(completion: string): string | undefined {
  const fences = [...completion.matchAll(/^[ \t]*(`{3,}|~{3,})([^\n]*)$/gm)]
    .map(({ 1: fence = '', 2: label = '', index }) => ({ fence, label: label.trim(), index }))
    .filter(({ label }) => !/\s/.test(label));
  const [first] = fences;
  if (first === undefined || first.label !== '' || fences.length % 2 === 0) return undefined;
  const before = completion.slice(0, first.index);
  const isCode =
    /[;{}()=]/.test(before) && (isScript(before) || /^(?:export|import|interface|type)\s/m.test(before));
  return isCode ? first.fence : undefined;
}
