import { Undefined, type Value } from './values/values.ts';

/** Names of a block, over those of the block around it. */
export class Scope {
  private readonly names = new Map<string, Value>();
  private readonly outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.outer = outer;
  }

  get(name: string): Value {
    const found = this.find(name);
    return found === undefined ? new Undefined(`"${name}"`) : found;
  }

  set(name: string, value: Value): void {
    this.names.set(name, value);
  }

  private find(name: string): Value | undefined {
    return this.names.has(name) ? this.names.get(name) : this.outer?.find(name);
  }
}
