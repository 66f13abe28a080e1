import type { Target } from './nodes.ts';
import type { TokenStream } from './token-stream.ts';

/** Names that are assigned to, up to `until`; `fields` allows those of a namespace. */
export function targets(stream: TokenStream, until?: string, fields = false): Target {
  const items: Target[] = [];
  let several = false;
  while (!(until !== undefined && stream.is('name', until)) && !stream.is('end block')) {
    items.push(target(stream, fields));
    if (!stream.skip('operator', ',')) break;
    several = true;
  }
  if (items.length === 0) stream.fail('expected a name');
  return several ? { type: 'targets', items } : items[0]!;
}

function target(stream: TokenStream, fields: boolean): Target {
  if (stream.skip('operator', '(')) {
    const inner = targets(stream, undefined, fields);
    stream.expect('operator', ')');
    return inner;
  }
  const name = stream.expect('name').text;
  if (['true', 'false', 'none', 'True', 'False', 'None'].includes(name))
    stream.fail(`can't assign to ${name}`);
  if (!fields || !stream.skip('operator', '.')) return { type: 'name', name };
  return { type: 'field', namespace: name, name: stream.expect('name').text };
}
