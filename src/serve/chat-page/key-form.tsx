import { useState } from 'preact/hooks';

/** Asks for the key of a server that was started with --api-key. */
export function KeyForm({ onKey }: { readonly onKey: (key: string) => void }) {
  const [key, setKey] = useState('');
  return (
    <form
      class="box composer"
      onSubmit={(event) => {
        event.preventDefault();
        onKey(key);
      }}
    >
      <label>
        API key
        <input type="password" value={key} onInput={({ currentTarget }) => setKey(currentTarget.value)} />
      </label>
      <button type="submit">Open</button>
    </form>
  );
}
