export interface Block {
  /** In lower case; empty where the fence names none. */
  readonly language: string;
  readonly body: string;
}

/**
 * The last fenced block (``` … ``` or ~~~ … ~~~) in one of the languages, or the last that names no language; undefined
 * when there is neither. Blocks in other languages count for nothing, whatever stands in them.
 */
export function fencedBlock(text: string, languages: readonly string[]): string | undefined {
  return blocksIn(text, languages).at(-1)?.body;
}

/** The blocks in one of the languages, in order; where there are none, those that name no language. */
export function blocksIn(text: string, languages: readonly string[]): readonly Block[] {
  const blocks = fencedBlocks(text);
  const wanted = blocks.filter(({ language }) => languages.includes(language));
  return wanted.length > 0 ? wanted : blocks.filter(({ language }) => language === '');
}

/** All blocks, in order. A block ends with a line that ends on a fence, or with the text. */
function fencedBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; language: string; lines: string[] } | undefined;
  const close = () => {
    if (open !== undefined) blocks.push({ language: open.language, body: open.lines.join('\n') });
    open = undefined;
  };
  for (const line of text.split(/\r?\n/)) {
    if (open === undefined) {
      const { oneLine, fence, label = '' } = fencesIn(line);
      blocks.push(...oneLine);
      if (fence !== undefined) open = { fence, language: languageOf(label), lines: [] };
    } else if (line.trimEnd().endsWith(open.fence)) {
      open.lines.push(withoutFence(line.trimEnd(), open.fence));
      close();
    } else open.lines.push(line);
  }
  close();
  return blocks;
}

/** The blocks that stand on a line as a whole, and the fence that opens one for the lines below. */
function fencesIn(line: string): { oneLine: Block[]; fence?: string; label?: string } {
  const tildes = /^[ \t]*(?:(~{3})|(~{3,})[ \t]*([a-z][^~]*))$/i.exec(line.trimEnd());
  // A longer row of tildes without a language underlines a heading.
  if (tildes !== null) return { oneLine: [], fence: tildes[1] ?? tildes[2]!, label: tildes[3] ?? '' };
  const runs = [...line.matchAll(/`{3,}/g)].map((match) => ({ fence: match[0], at: match.index }));
  const oneLine: Block[] = [];
  for (let i = 0; i < runs.length; i++) {
    const { fence, at } = runs[i]!;
    const next = runs[i + 1];
    if (next !== undefined) {
      oneLine.push(oneLineBlock(line.slice(at + fence.length, next.at)));
      i++;
      continue;
    }
    const label = line.slice(at + fence.length);
    // A fence among other words is only spoken of.
    if (line.slice(0, at).trim() === '' || !/\S\s+\S|^\s+\S/.test(label)) return { oneLine, fence, label };
  }
  return { oneLine };
}

function oneLineBlock(text: string): Block {
  const label = /^[a-z][\w+#-]*\s+(?=\S)/i.exec(text)?.[0] ?? '';
  return { language: languageOf(label), body: text.slice(label.length) };
}

const languageOf = (label: string): string => /^[ \t]*([a-z][\w+#-]*)/i.exec(label)?.[1]?.toLowerCase() ?? '';

function withoutFence(line: string, fence: string): string {
  let end = line.length;
  while (line[end - 1] === fence[0]) end--;
  return line.slice(0, end);
}
