import { expect, test } from 'vitest';
import { fencedBlock } from '../../rewards/text/fenced-block.ts';

const fence = '```';
const read = (text: string) => fencedBlock(text.replaceAll("'''", fence), ['js', 'javascript'])?.trim();

test.each([
  ['the last block in a wanted language', "'''js\n1\n'''\nor\n'''js\n2\n'''", '2'],
  ['any case of the language', "'''JavaScript\n1\n'''", '1'],
  ['more behind the language', "'''js title=a.js\n1\n'''", '1'],
  ['a block behind one in another language', "'''python\nno\n'''\n'''js\n1\n'''", '1'],
  ['a block before one in another language', "'''js\n1\n'''\n'''python\nno\n'''", '1'],
  ['no output block behind it', "'''js\n1\n'''\nprints\n'''\n5\n'''", '1'],
  ['the last block without a language where none is wanted', "'''\n1\n'''\n'''\n2\n'''\n'''py\n3\n'''", '2'],
  ['a block on one line', "So '''js 1 + 1''' it is", '1 + 1'],
  ['a block on one line without a language', "'''{\"a\": 1}'''", '{"a": 1}'],
  ['a fence behind the last line', "'''js\n1'''\nand\n'''py\n2\n'''", '1'],
  ['a fence within a line', "'''js\nconst fence = \"'''\";\n'''", `const fence = "${fence}";`],
  ['a longer fence around a shorter', "'''`js\n'''\n1\n'''\n'''`", `${fence}\n1\n${fence}`],
  ['a block between tildes', '~~~js\n1\n~~~\n', '1'],
  ['a fence of backticks between tildes', `~~~js\n\`\n${fence}\n~~~`, `\`\n${fence}`],
  ['no heading underlined with tildes', "Answer\n~~~~~~\n'''js\n1\n'''", '1'],
  ['a fence that is indented', "1. So:\n   '''js\n   1\n   '''", '1'],
  ['a fence behind words', "Answer: '''js\n1\n'''", '1'],
  ['a fence that prose names', "Put it in ''' marks:\n'''js\n1\n'''", '1'],
  ['a block that is not closed', "'''js\n1\n", '1'],
  ['Windows line ends', "'''js\r\n1\r\n'''\r\ndone", '1'],
  ['an empty block', "'''js\n'''", ''],
  ['nothing where there are only other languages', "'''py\n1\n'''", undefined],
  ['nothing where there is no block', 'js 1', undefined],
])('reads %s', (_, text, found) => {
  expect(read(text)).toBe(found);
});

test('many fences take no longer than their length', () => {
  const start = performance.now();
  read("'''js ".repeat(20_000));
  read("'''js\nx ".repeat(20_000));
  read('~~~js\n'.repeat(20_000));
  read(`~~~js${' '.repeat(100_000)}~`);
  read(`${fence}js\n${'`'.repeat(100_000)} x`);
  expect(performance.now() - start).toBeLessThan(2000);
});
