import { useState } from "react";
import { Button } from "../../ui/Button";
import { t } from "../messages";

interface UrlEntryProps {
  id: string;
  onChoose: (url: string) => void;
  onCancel: () => void;
}

/** The address of a file, which the server fetches when the run begins. */
export function UrlEntry({ id, onChoose, onCancel }: UrlEntryProps) {
  const [text, setText] = useState("");
  const isUrl = /^https?:\/\/\S+$/i.test(text.trim());
  return (
    <div className="pg-url">
      <label className="sr-only" htmlFor={`${id}-url`}>
        {t.fileUrl}
      </label>
      <input
        id={`${id}-url`}
        className="input"
        type="url"
        placeholder="https://"
        // biome-ignore lint/a11y/noAutofocus: it appears because somebody asked for it
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && isUrl) {
            event.preventDefault();
            onChoose(text.trim());
          } else if (event.key === "Escape") {
            onCancel();
          }
        }}
      />
      <Button size="sm" disabled={!isUrl} onClick={() => onChoose(text.trim())}>
        {t.useThisUrl}
      </Button>
      <Button size="sm" variant="ghost" onClick={onCancel}>
        {t.cancel}
      </Button>
    </div>
  );
}
