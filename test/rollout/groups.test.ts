import { describe, expect, test } from 'vitest';
import { byGroup, regrouped } from '../../src/rollout/groups.ts';

const row = (group: number, text: string) => ({ group, text });

describe('byGroup', () => {
  test('splits rows where their group number changes, in their order', () => {
    const [a, b, c, d] = [row(0, 'a'), row(0, 'b'), row(3, 'c'), row(1, 'd')];
    expect(byGroup([a, b, c, d])).toEqual([[a, b], [c], [d]]);
  });

  test('takes rows that carry one number but stand apart as two groups', () => {
    const [a, b, c] = [row(0, 'a'), row(1, 'b'), row(0, 'c')];
    expect(byGroup([a, b, c])).toEqual([[a], [b], [c]]);
  });

  test('of no rows is no groups', () => {
    expect(byGroup([])).toEqual([]);
  });
});

describe('regrouped', () => {
  test('numbers groups from 0 in their order, whatever their rows carried', () => {
    const groups = [[row(7, 'a'), row(7, 'b')], [row(0, 'c')], [row(7, 'd')]];
    expect(regrouped(groups)).toEqual([row(0, 'a'), row(0, 'b'), row(1, 'c'), row(2, 'd')]);
  });

  test('leaves the rows that it was given as they were', () => {
    const given = row(7, 'a');
    regrouped([[given]]);
    expect(given).toEqual(row(7, 'a'));
  });

  test('is undone by byGroup: groups that carried one number stay apart', () => {
    const groups = [[row(0, 'a'), row(0, 'b')], [row(0, 'c')]];
    const texts = byGroup(regrouped(groups)).map((rows) => rows.map(({ text }) => text));
    expect(texts).toEqual([['a', 'b'], ['c']]);
  });

  test('of no groups is no rows', () => {
    expect(regrouped([])).toEqual([]);
  });
});
