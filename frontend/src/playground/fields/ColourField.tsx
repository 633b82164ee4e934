import type { ControlProps } from "./control";

/** A colour: picked, or written as `#rrggbb`. */
export function ColourField(props: ControlProps) {
  const { field, id, value, onChange, describedBy, isInvalid } = props;
  const text = typeof value === "string" ? value : "";
  return (
    <div className="pg-joined pg-colour">
      <input
        type="color"
        aria-label={field.title}
        value={/^#[0-9a-f]{6}$/i.test(text) ? text : "#000000"}
        onChange={(event) => onChange(event.target.value)}
      />
      <input
        id={id}
        className="input font-mono"
        type="text"
        value={text}
        spellCheck={false}
        aria-required={field.isRequired}
        aria-invalid={isInvalid}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}
