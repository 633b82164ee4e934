import { Segmented } from "../../ui/Segmented";
import type { ControlProps } from "./control";

/** One of a few short choices, all in sight. */
export function SegmentedField({ field, id, value, onChange, describedBy }: ControlProps) {
  return (
    <Segmented
      label={field.title}
      labelledBy={`${id}-label`}
      describedBy={describedBy}
      options={field.choices.map((choice) => ({ value: choice, label: choice }))}
      value={typeof value === "string" ? value : null}
      onChange={onChange}
    />
  );
}
