/** 'The answer is Evelyn.', 'Final answer: **even**': words alone up to the end of the line, the last such. */
const announced =
  /\banswer(?: is|:)[ \n]{0,3}(?:\*\*|["'“])?([a-zA-Z](?:[a-zA-Z '-]{0,40}[a-zA-Z])?)(?:\*\*|["'”])?[.!]?(?:\*\*)?[ \r]{0,3}(?:\n|$)/gi;

export function announcedWords(text: string): string | undefined {
  if (/\\boxed|<answer>/.test(text)) return undefined;
  return [...text.matchAll(announced)].at(-1)?.[1];
}
