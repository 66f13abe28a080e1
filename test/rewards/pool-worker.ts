import { serveTasks } from '../../rewards/limits/worker-serve.ts';

/** What the pool's tests ask of a worker. */
export type PoolTask =
  | { do: 'double'; n: number }
  | { do: 'wait'; ms: number }
  | { do: 'throw' | 'spin' | 'allocate' };

serveTasks((task: PoolTask): number => {
  if (task.do === 'double') return 2 * task.n;
  if (task.do === 'wait') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, task.ms);
    return task.ms;
  }
  if (task.do === 'throw') throw new RangeError('too far');
  const kept: number[][] = [];
  for (;;) if (task.do === 'allocate') kept.push(new Array(1000).fill(kept.length));
});
