import { equal } from './values/compare.ts';
import { Func, Loop, TemplateError, Tuple, Undefined, type Value } from './values/values.ts';

/** The `loop` of each iteration over some items. `depth` counts loops that call themselves, from 0. */
export function loopOver(
  items: readonly Value[],
  depth: number,
  again: (args: readonly Value[]) => Value,
): (at: number) => Loop {
  let last: Value | undefined;
  const changed = new Func('changed', (args) => {
    const now = new Tuple(args);
    const same = last !== undefined && equal(last, now);
    last = now;
    return !same;
  });
  return (at) => {
    const fields: Readonly<Record<string, () => Value>> = {
      index: () => BigInt(at + 1),
      index0: () => BigInt(at),
      revindex: () => BigInt(items.length - at),
      revindex0: () => BigInt(items.length - at - 1),
      first: () => at === 0,
      last: () => at === items.length - 1,
      length: () => BigInt(items.length),
      previtem: () => (at > 0 ? items[at - 1]! : new Undefined('the item before the first')),
      nextitem: () => (at + 1 < items.length ? items[at + 1]! : new Undefined('the item after the last')),
      depth: () => BigInt(depth + 1),
      depth0: () => BigInt(depth),
      cycle: () => new Func('cycle', (args) => (args.length > 0 ? args[at % args.length]! : noItems())),
      changed: () => changed,
    };
    const field = (name: string) => (Object.hasOwn(fields, name) ? fields[name]!() : undefined);
    return new Loop(field, again, items.length);
  };
}

function noItems(): never {
  throw new TemplateError('no items for cycling given');
}
