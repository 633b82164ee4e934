import { t } from "../messages";
import type { ControlProps } from "./control";

/** One of many choices. */
export function SelectField(props: ControlProps) {
  const { field, id, value, onChange, describedBy, isInvalid } = props;
  const isKnown = typeof value === "string" && field.choices.includes(value);
  return (
    <select
      id={id}
      className="input"
      value={isKnown ? value : ""}
      aria-required={field.isRequired}
      aria-invalid={isInvalid}
      aria-describedby={describedBy}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      {isKnown && field.isRequired ? null : <option value="">{t.none}</option>}
      {field.choices.map((choice) => (
        <option key={choice} value={choice}>
          {choice}
        </option>
      ))}
    </select>
  );
}
