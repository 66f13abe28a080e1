import { InputError } from '../../errors.ts';

/** What is said of a model's name that none of the served ones has. */
export const notServed = (name: string, served: Iterable<string>): InputError =>
  new InputError(`there is no model ${JSON.stringify(name)}; served are ${[...served].join(', ')}`);
