import type { ControlProps } from "./control";

/** One line of text. */
export function TextField({ field, id, value, onChange, describedBy, isInvalid }: ControlProps) {
  return (
    <input
      id={id}
      className="input"
      type="text"
      value={typeof value === "string" ? value : ""}
      aria-required={field.isRequired}
      aria-invalid={isInvalid}
      aria-describedby={describedBy}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
