import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ToolCallReader } from '../../../src/serve/http/answers/tool-calls.ts';

/** Reads a text in pieces; calls without their random ids. */
function read(pieces: readonly string[]) {
  const reader = new ToolCallReader();
  const found = [...pieces.map((piece) => reader.push(piece)), reader.end()];
  return {
    text: found.map(({ text }) => text).join(''),
    calls: found.flatMap(({ calls }) =>
      calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]),
    ),
    first: found[0]!,
  };
}

const call = (name: string, given: unknown) =>
  `<tool_call>\n${JSON.stringify({ name, arguments: given })}\n</tool_call>`;

describe('calls in a text', () => {
  test.each([
    ['none', 'a < b', 'a < b', []],
    ['one', call('f', { x: 1 }), '', [['f', { x: 1 }]]],
    ['one after text', `I look.\n\n${call('f', {})}\n`, 'I look.', [['f', {}]]],
    [
      'two',
      `${call('f', {})}\n${call('g', { y: [1] })}`,
      '',
      [
        ['f', {}],
        ['g', { y: [1] }],
      ],
    ],
    ['one between texts', `a\n${call('f', {})}\nb`, 'ab', [['f', {}]]],
    ['one without arguments', '<tool_call>{"name":"f"}</tool_call>', '', [['f', {}]]],
    ['one whose end mark is missing', '<tool_call>{"name":"f","arguments":{}}', '', [['f', {}]]],
    ['one that is no JSON', 'x <tool_call>{name}</tool_call> y', 'x<tool_call>{name}</tool_call> y', []],
    ['one that was cut off', '<tool_call>{"name":"f","argu', '<tool_call>{"name":"f","argu', []],
    ['a beginning alone', 'a <tool', 'a <tool', []],
  ] as const)('%s', (_, written, text, calls) => {
    const { text: said, calls: found } = read([written]);
    expect({ said, found }).toEqual({ said: text, found: calls });
  });

  test('are the same however the text is cut', () => {
    const part = fc.oneof(
      fc.constantFrom('a', ' ', '\n', '<', '<tool_call>', '</tool_call>', 'tool_call', '{}'),
      fc.constant(call('f', { a: '<tool_call>' })),
      fc.constant(call('g', {})),
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }),
        fc.array(fc.nat(9), { maxLength: 30 }),
        (parts, sizes) => {
          const whole = parts.join('');
          const pieces: string[] = [];
          let at = 0;
          for (const size of sizes) {
            pieces.push(whole.slice(at, at + size));
            at += size;
          }
          const cut = read([...pieces, whole.slice(at)]);
          const once = read([whole]);
          expect([cut.text, cut.calls]).toEqual([once.text, once.calls]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('text is told as soon as it can’t become a call', () => {
    expect(read(['a <t', 'x']).first).toEqual({ text: 'a', calls: [] });
    expect(read(['a <b', 'x']).first).toEqual({ text: 'a <b', calls: [] });
  });
});
