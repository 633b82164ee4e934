import type { Json } from "../contract";
import type { Field } from "../fields";

/** What every control of a field is given. `id` is its label's target. */
export interface ControlProps {
  field: Field;
  id: string;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  describedBy: string | undefined;
  isInvalid: boolean;
  /** Name under which the control reports what keeps it from being run. */
  blockKey: string;
  /** Takes what is pasted anywhere on the page. */
  takesPaste?: boolean;
}
