import { useId } from "react";

interface SegmentedProps {
  label: string;
  /** Whether the label is to be seen; it is read out either way. */
  labelledBy?: string;
  describedBy?: string;
  options: readonly { value: string; label: string }[];
  value: string | null;
  onChange: (value: string) => void;
}

/** One of a few: native radio buttons, so that the arrow keys work as everywhere. */
export function Segmented(props: SegmentedProps) {
  const name = useId();
  return (
    <div
      className="segmented"
      role="radiogroup"
      aria-label={props.labelledBy ? undefined : props.label}
      aria-labelledby={props.labelledBy}
      aria-describedby={props.describedBy}
    >
      {props.options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            checked={option.value === props.value}
            onChange={() => props.onChange(option.value)}
          />
          {option.label}
        </label>
      ))}
    </div>
  );
}
