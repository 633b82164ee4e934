import { stepOf } from "../fields";
import type { ControlProps } from "./control";
import { NumberField } from "./NumberField";

/** A bounded number: a slider to feel one's way, and the number beside it. */
export function SliderField(props: ControlProps) {
  const { field, value, onChange } = props;
  const at = typeof value === "number" ? value : (field.minimum ?? 0);
  return (
    <div className="pg-slider">
      <input
        type="range"
        aria-label={field.title}
        aria-describedby={props.describedBy}
        min={field.minimum}
        max={field.maximum}
        step={stepOf(field)}
        value={at}
        onChange={(event) => onChange(Number(event.target.value))}
      />
      <NumberField {...props} />
    </div>
  );
}
