import { useState } from 'preact/hooks';

interface Props {
  readonly busy: boolean;
  readonly ready: boolean;
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
}

/** Where a person writes. Enter sends; Shift and Enter makes a line. */
export function Composer({ busy, ready, onSend, onStop }: Props) {
  const [text, setText] = useState('');
  const send = () => {
    if (busy || !ready || text === '') return;
    onSend(text);
    setText('');
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        rows={2}
        aria-label="Message"
        placeholder="Write a message"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      {busy ? (
        <button type="button" onClick={onStop}>
          Stop
        </button>
      ) : (
        <button type="submit" disabled={!ready || text === ''}>
          Send
        </button>
      )}
    </form>
  );
}
