import { type CSSProperties, useState } from "react";
import { t } from "../messages";
import { shapeOf } from "./ImageOutput";

interface CompareSliderProps {
  before: string;
  after: string;
  title: string;
  ratio: number;
  onShape: (ratio: number) => void;
}

/** Two pictures on each other, with a native slider between them. */
export function CompareSlider({ before, after, title, ratio, onShape }: CompareSliderProps) {
  const [at, setAt] = useState(50);
  const style = { "--at": `${at}%`, "--ratio": String(ratio) } as CSSProperties;
  return (
    <div className="media-frame media-contain compare pg-checker" style={style}>
      <img src={before} alt={t.before} onLoad={(event) => onShape(shapeOf(event.currentTarget))} />
      <img className="compare-after" src={after} alt={title} />
      <span className="compare-line" />
      <input
        type="range"
        min={0}
        max={100}
        value={at}
        aria-label={t.compareLabel}
        onChange={(event) => setAt(Number(event.target.value))}
      />
      <span className="badge media-badge">{t.before}</span>
    </div>
  );
}
