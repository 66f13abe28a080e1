import type { Operator } from '../values/arithmetic.ts';
import type { Value } from '../values/values.ts';

/** The tree of a template. */

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export type Expression =
  | { readonly type: 'const'; readonly value: Value }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'list' | 'tuple' | 'concat'; readonly items: readonly Expression[] }
  | { readonly type: 'dict'; readonly pairs: readonly (readonly [Expression, Expression])[] }
  | { readonly type: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly type: 'item'; readonly of: Expression; readonly at: Expression }
  | { readonly type: 'slice'; readonly of: Expression; readonly bounds: readonly (Expression | undefined)[] }
  | Call
  | Filter
  | Test
  | { readonly type: 'not' | 'minus' | 'plus'; readonly of: Expression }
  | { readonly type: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | {
      readonly type: 'arithmetic';
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly type: 'compare';
      readonly first: Expression;
      readonly rest: readonly { readonly operator: Comparison; readonly right: Expression }[];
    }
  | {
      readonly type: 'choice';
      readonly test: Expression;
      readonly yes: Expression;
      readonly no: Expression | undefined;
    };

export interface Arguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [string, Expression])[];
  /** `*spread` and `**namedSpread` */
  readonly spread: Expression | undefined;
  readonly namedSpread: Expression | undefined;
}

export interface Call {
  readonly type: 'call';
  readonly callee: Expression;
  readonly args: Arguments;
}

export interface Filter {
  readonly type: 'filter';
  /** Undefined in a block whose text is filtered. */
  readonly of: Expression | undefined;
  readonly name: string;
  readonly args: Arguments;
}

export interface Test {
  readonly type: 'test';
  readonly of: Expression;
  readonly name: string;
  readonly args: Arguments;
}

/** What is assigned to. */
export type Target =
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'field'; readonly namespace: string; readonly name: string }
  | { readonly type: 'targets'; readonly items: readonly Target[] };

export interface Signature {
  readonly parameters: readonly string[];
  /** Of the last parameters. */
  readonly defaults: readonly Expression[];
}

export interface For {
  readonly type: 'for';
  readonly target: Target;
  readonly over: Expression;
  readonly test: Expression | undefined;
  readonly recursive: boolean;
  readonly body: Block;
  readonly otherwise: Block;
}

export interface Macro {
  readonly type: 'macro';
  readonly name: string;
  readonly signature: Signature;
  readonly body: Block;
}

export interface CallBlock {
  readonly type: 'call block';
  readonly call: Call;
  readonly signature: Signature;
  readonly body: Block;
}

export type Statement =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'write'; readonly value: Expression }
  | {
      readonly type: 'if';
      readonly branches: readonly { readonly test: Expression; readonly body: Block }[];
      readonly otherwise: Block;
    }
  | For
  | Macro
  | CallBlock
  | { readonly type: 'set'; readonly target: Target; readonly value: Expression }
  | {
      readonly type: 'set block';
      readonly target: Target;
      readonly filter: Filter | undefined;
      readonly body: Block;
    }
  | {
      readonly type: 'with';
      readonly pairs: readonly { readonly target: Target; readonly value: Expression }[];
      readonly body: Block;
    }
  | { readonly type: 'filter block'; readonly filter: Filter; readonly body: Block }
  | { readonly type: 'generation'; readonly body: Block }
  | { readonly type: 'break' | 'continue' };

export type Block = readonly Statement[];
