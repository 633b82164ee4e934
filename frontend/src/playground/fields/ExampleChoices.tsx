import type { Json } from "../contract";
import { t } from "../messages";
import { isShowable, useFormTools } from "../state/formTools";
import { mediaKey } from "../values";

interface ExampleChoicesProps {
  refs: readonly Json[];
  onChoose: (value: Json) => void;
}

/** Files of the examples, to be chosen with one press. */
export function ExampleChoices({ refs, onChoose }: ExampleChoicesProps) {
  const { previews } = useFormTools();
  return refs.slice(0, 4).map((ref, index) => {
    const key = mediaKey(ref) ?? "";
    const preview = previews[key];
    const isPicture = preview?.kind === "image" || preview?.kind === "mask";
    return (
      <button
        key={key}
        type="button"
        className="chip"
        onClick={() => onChoose(ref)}
        aria-label={`${t.example} ${index + 1}`}
      >
        {isPicture && isShowable(preview?.url) ? (
          <img className="pg-chip-picture" src={preview?.url} alt="" />
        ) : null}
        {t.example}
      </button>
    );
  });
}
