import { ColourField } from "./ColourField";
import type { ControlProps } from "./control";
import { JsonField } from "./JsonField";
import { ListField } from "./ListField";
import { MediaField } from "./MediaField";
import { NumberField } from "./NumberField";
import { SeedField } from "./SeedField";
import { SegmentedField } from "./SegmentedField";
import { SelectField } from "./SelectField";
import { SliderField } from "./SliderField";
import { SwitchField } from "./SwitchField";
import { TextAreaField } from "./TextAreaField";
import { TextField } from "./TextField";

const CONTROLS = {
  text: TextField,
  textarea: TextAreaField,
  number: NumberField,
  slider: SliderField,
  seed: SeedField,
  switch: SwitchField,
  segmented: SegmentedField,
  select: SelectField,
  media: MediaField,
  colour: ColourField,
  json: JsonField,
  list: ListField,
};

/** The control that suits a field's kind. */
export function FieldControl(props: ControlProps) {
  const Control = CONTROLS[props.field.widget];
  return <Control {...props} />;
}
