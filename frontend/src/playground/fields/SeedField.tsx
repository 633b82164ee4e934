import { Dices } from "lucide-react";
import { IconButton } from "../../ui/IconButton";
import { drawSeed } from "../fields";
import { t } from "../messages";
import type { ControlProps } from "./control";
import { NumberField } from "./NumberField";

/** A seed: the same one gives the same result, the dice another. */
export function SeedField(props: ControlProps) {
  return (
    <div className="pg-joined">
      <NumberField {...props} />
      <IconButton
        label={t.random}
        tipAt="end"
        onClick={() => props.onChange(drawSeed(props.field))}
      >
        <Dices className="icon" aria-hidden />
      </IconButton>
    </div>
  );
}
