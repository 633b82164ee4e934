import type { ControlProps } from "./control";

/** True or false. */
export function SwitchField({ field, id, value, onChange, describedBy }: ControlProps) {
  return (
    <label className="switch pg-switch" htmlFor={id}>
      <input
        id={id}
        type="checkbox"
        role="switch"
        aria-checked={value === true}
        checked={value === true}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>{field.title}</span>
    </label>
  );
}
