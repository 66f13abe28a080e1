import { useEffect, useRef, useState } from 'preact/hooks';
import { listModels, Refused, streamAnswer } from './api.ts';
import type { Model, Settings, Turn } from './types.ts';

const KEY = 'anneal-api-key';

/** A conversation under way. */
export interface Chat {
  readonly models: readonly Model[];
  readonly turns: readonly Turn[];
  readonly busy: boolean;
  /** Whether the server asks for a key. */
  readonly locked: boolean;
  readonly problem: string | undefined;
  readonly unlock: (key: string) => void;
  readonly send: (text: string, settings: Settings) => void;
  readonly stop: () => void;
  /** Answers the last question anew. */
  readonly again: (settings: Settings) => void;
  readonly clear: () => void;
}

export function useChat(): Chat {
  const [key, setKey] = useState(() => sessionStorage.getItem(KEY) ?? '');
  const [models, setModels] = useState<readonly Model[]>([]);
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const [locked, setLocked] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const underway = useRef<AbortController | undefined>(undefined);

  useEffect(() => {
    listModels(key).then(
      (found) => {
        setModels(found);
        setLocked(false);
        setProblem(undefined);
      },
      (error) => {
        setLocked(error instanceof Refused && error.status === 401);
        setProblem(key === '' && error.status === 401 ? undefined : error.message);
      },
    );
  }, [key]);

  const answer = async (before: readonly Turn[], settings: Settings) => {
    const controller = new AbortController();
    underway.current = controller;
    setBusy(true);
    let turn: Turn = { role: 'assistant', content: '', tokens: [] };
    const show = (change: Partial<Turn>) => {
      turn = { ...turn, ...change };
      setTurns([...before, turn]);
    };
    show({});
    try {
      await streamAnswer(before, settings, {
        key,
        signal: controller.signal,
        onPiece: ({ content, tokens, reason }) =>
          show({
            content: turn.content + content,
            tokens: [...turn.tokens, ...tokens],
            ...(reason === undefined ? {} : { ended: reason }),
          }),
      });
    } catch (error) {
      show({ ended: controller.signal.aborted ? 'stopped' : (error as Error).message });
    }
    setBusy(false);
  };

  const beforeLast = turns.at(-1)?.role === 'assistant' ? turns.slice(0, -1) : turns;
  return {
    models,
    turns,
    busy,
    locked,
    problem,
    unlock: (given) => {
      sessionStorage.setItem(KEY, given);
      setKey(given);
    },
    send: (content, settings) => void answer([...turns, { role: 'user', content, tokens: [] }], settings),
    again: (settings) => void answer(beforeLast, settings),
    stop: () => underway.current?.abort(),
    clear: () => setTurns([]),
  };
}
