import { t } from "../messages";
import type { ControlProps } from "./control";

/** Where a count of characters begins to matter: near the limit. */
const TELLS_AT = 0.7;

/** Several lines of text; it grows with them. */
export function TextAreaField(props: ControlProps) {
  const { field, id, value, onChange, describedBy, isInvalid } = props;
  const text = typeof value === "string" ? value : "";
  const most = field.maxLength ?? 0;
  return (
    <>
      <textarea
        id={id}
        className="input"
        rows={3}
        value={text}
        aria-required={field.isRequired}
        aria-invalid={isInvalid}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.value)}
      />
      {most > 0 && text.length > most * TELLS_AT ? (
        <span className="hint tabular pg-count">{t.characters(text.length, most)}</span>
      ) : null}
    </>
  );
}
