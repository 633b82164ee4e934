import { useState } from "react";
import { Button } from "../../ui/Button";
import { CopyButton } from "../CopyButton";
import { t } from "../messages";

interface TextOutputProps {
  title: string;
  text: string;
}

const LONG = 1600;

/** A text, to be read and copied. */
export function TextOutput({ title, text }: TextOutputProps) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole || text.length <= LONG ? text : `${text.slice(0, LONG)}…`;
  return (
    <div className="pg-text">
      <p>{shown}</p>
      {shown === text ? null : (
        <Button size="sm" variant="ghost" onClick={() => setWhole(true)}>
          {t.expand}
        </Button>
      )}
      <span className="pg-text-copy">
        <CopyButton text={text} label={`${t.copy}: ${title}`} />
      </span>
    </div>
  );
}
