/**
 * The merges that a SentencePiece vocabulary implies: every way of cutting a token into two tokens, the best token
 * first. Of one token's cuts the one with the longer left part comes first. This is transformers' `generate_merges`.
 */
export function mergesOfScores(
  ids: ReadonlyMap<string, number>,
  scoreOf: (id: number) => number,
): [string, string][] {
  const cuts: Cut[] = [];
  for (const [token, id] of ids) {
    const score = scoreOf(id);
    cuts.push(...cutsOf(token, ids).map((cut) => ({ ...cut, score })));
  }
  cuts.sort((a, b) => b.score - a.score || b.left.length - a.left.length || b.right.length - a.right.length);
  return cuts.map(({ left, right }) => [left.token, right.token]);
}

interface Part {
  readonly token: string;
  readonly id: number;
  /** In characters, which may be of two UTF-16 units. */
  readonly length: number;
}

interface Cut {
  readonly left: Part;
  readonly right: Part;
  readonly score: number;
}

function cutsOf(token: string, ids: ReadonlyMap<string, number>): Omit<Cut, 'score'>[] {
  const characters = [...token];
  const cuts: Omit<Cut, 'score'>[] = [];
  let units = 0;
  for (let length = 1; length < characters.length; length++) {
    units += characters[length - 1]!.length;
    const left = part(token.slice(0, units), length, ids);
    if (left === undefined) continue;
    const right = part(token.slice(units), characters.length - length, ids);
    if (right !== undefined) cuts.push({ left, right });
  }
  return cuts.sort((a, b) => a.left.id - b.left.id || a.right.id - b.right.id);
}

function part(token: string, length: number, ids: ReadonlyMap<string, number>): Part | undefined {
  const id = ids.get(token);
  return id === undefined ? undefined : { token, id, length };
}
