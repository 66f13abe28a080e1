/** A number that a text takes back at its end: 'the answer is 6. No, it is 7', 'the answer is not 6, it is 7'. */

const LONGEST = 120;
const says = String.raw`(?:(?:it|that|the answer)(?:['’]s| is| should be| must be)\s)?`;
const value = String.raw`(?<value>[-−]?\$?\d[\d,./]{0,30}(?:\s[a-zA-Z]{2,20})?)[.!]?\s?$`;
const takenBack = new RegExp(
  String.raw`(?:\d[.?!,;…\s—–-]{1,6}|[.?!…]\s)(?:oh,?\s)?(?:no|wait|sorry|actually|correction)(?:[,:.…—–]{1,3}\s?(?:no|wait|actually|sorry)\b)?[,:.…—–]{1,3}\s?${says}${value}`,
  'i',
);
const replaced = new RegExp(
  String.raw`\banswer\sis(?:\snot|n['’]t)\s[-−$]{0,2}[\d,.]{1,20}[,;]?\s(?:but(?:\srather)?\s|it(?:['’]s|\sis)\s)${value}`,
  'i',
);

/** A text that ends in a correction says only what it is corrected to; undefined for other texts. */
export function corrected(text: string): string | undefined {
  const tail = text.trimEnd().slice(-LONGEST);
  const found = takenBack.exec(tail) ?? replaced.exec(tail);
  return found === null ? undefined : `The answer is ${found.groups!.value!}.`;
}
